/** A pause that can be cut short. */
export class Sleeper {
  private waken: (() => void) | undefined;

  /** Ends after so many milliseconds, or at `wake`. One pause at a time. */
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
