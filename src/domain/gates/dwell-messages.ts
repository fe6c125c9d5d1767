/** Input of the workflow that is the timer of a dwell. */
export interface DwellInput {
  v: 1;
  dwellId: string;
}

/** `done`: the dwell fired, or there was nothing to fire. Otherwise the time until the next check, in milliseconds. */
export type FireAnswer = { done: true } | { done: false; againInMs: number };

/** The activities of a dwell's workflow. */
export interface DwellActivities {
  fireDwell(dwellId: string): Promise<FireAnswer>;
}

/** Memo of the workflow, with the id of the dwell that holds the workflow id. */
export interface DwellMemo {
  fermataDwellId: string;
}
