/** Timers on virtual time. Timers for the same instant fire in the order in which they were set. */
export class Timers {
  private readonly waiting = new Set<{ at: number; work: () => void }>();

  /** Sets a timer. Returns a function that removes it. */
  at(instant: number, work: () => void): () => void {
    const timer = { at: instant, work };
    this.waiting.add(timer);
    return () => void this.waiting.delete(timer);
  }

  /** Returns the instant of the next timer in milliseconds since the epoch, or null if there is none. */
  next(): number | null {
    return this.waiting.size === 0 ? null : Math.min(...[...this.waiting].map(({ at }) => at));
  }

  /** Fires the timers that are due. */
  fire(now: number): void {
    const due = [...this.waiting].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    for (const timer of due) if (this.waiting.delete(timer)) timer.work();
  }
}
