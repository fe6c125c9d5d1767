/** Input of the workflow that implements the timer of a dwell. */
export interface DwellInput {
  v: 1;
  dwellId: string;
}

/** `done`: the dwell fired, or there was nothing to fire. Otherwise, `againInMs` is the time until the next check. */
export type FireAnswer = { done: true } | { done: false; againInMs: number };

/** The activities of a dwell's workflow. */
export interface DwellActivities {
  fireDwell(dwellId: string): Promise<FireAnswer>;
}

/** Memo of the workflow. Contains the id of the dwell that holds the workflow id. */
export interface DwellMemo {
  fermataDwellId: string;
}
