/** A pause that can be ended early. */
export class Sleeper {
  private waken: (() => void) | undefined;

  /**
   * Resolves after `ms` milliseconds or when `wake` is called, whichever comes first. Only one pause may be in progress
   * at a time.
   */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.waken = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  wake(): void {
    this.waken?.();
    this.waken = undefined;
  }
}
