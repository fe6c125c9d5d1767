/** Timers of virtual time; those of one instant fire in the order in which they were set. */
export class Timers {
  private readonly waiting = new Set<{ at: number; work: () => void }>();

  /** Returns a function that removes the timer. */
  at(instant: number, work: () => void): () => void {
    const timer = { at: instant, work };
    this.waiting.add(timer);
    return () => void this.waiting.delete(timer);
  }

  /** Returns the next instant; null = there is no timer. */
  next(): number | null {
    return this.waiting.size === 0 ? null : Math.min(...[...this.waiting].map(({ at }) => at));
  }

  /** Fires the timers that are due. */
  fire(now: number): void {
    const due = [...this.waiting].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    for (const timer of due) if (this.waiting.delete(timer)) timer.work();
  }
}
