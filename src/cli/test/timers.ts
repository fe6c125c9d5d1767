/** What is to happen at instants of virtual time; at one instant in the order in which it was asked for. */
export class Timers {
  private readonly waiting = new Set<{ at: number; work: () => void }>();

  /** Gives a function that takes it back. */
  at(instant: number, work: () => void): () => void {
    const timer = { at: instant, work };
    this.waiting.add(timer);
    return () => void this.waiting.delete(timer);
  }

  /** Returns the next instant; null = nothing is to come. */
  next(): number | null {
    return this.waiting.size === 0 ? null : Math.min(...[...this.waiting].map(({ at }) => at));
  }

  /** Does what is due. */
  fire(now: number): void {
    const due = [...this.waiting].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    for (const timer of due) if (this.waiting.delete(timer)) timer.work();
  }
}
