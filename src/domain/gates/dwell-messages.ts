/** Input of the workflow that is the timer of a dwell. */
export interface DwellInput {
  v: 1;
  dwellId: string;
}

/** done = fired, or nothing to fire; otherwise to be asked again after so long. */
export type FireAnswer = { done: true } | { done: false; againInMs: number };

/** What the workflow of a dwell calls. */
export interface DwellActivities {
  fireDwell(dwellId: string): Promise<FireAnswer>;
}

/** Workflow id of a dwell. */
export const dwellWorkflowId = (dwellId: string): string => `dwell:${dwellId}`;
