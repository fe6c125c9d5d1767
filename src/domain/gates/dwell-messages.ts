/** Input of the workflow that is the timer of a dwell. */
export interface DwellInput {
  v: 1;
  dwellId: string;
}

/** done = fired, or nothing to fire; otherwise how long to wait before the next check. */
export type FireAnswer = { done: true } | { done: false; againInMs: number };

/** What the workflow of a dwell calls. */
export interface DwellActivities {
  fireDwell(dwellId: string): Promise<FireAnswer>;
}

/** Memo of the workflow: names the dwell that holds the workflow id. */
export interface DwellMemo {
  fermataDwellId: string;
}
