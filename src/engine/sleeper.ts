/** A pause that can be cut short. */
export class Sleeper {
  private waken: (() => void) | undefined;

  /** Resolves after `ms` milliseconds or at `wake`, whichever comes first. Only one pause may be in progress. */
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
