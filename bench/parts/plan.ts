/** How long each part measures. Slots come as A B B A, `rounds` times. */
export interface Plan {
  rounds: number;
  /** Seconds of a slot at full speed. */
  throughputSeconds: number;
  /** Seconds of a slot at 5 events a second. */
  latencySeconds: number;
  /** Seconds of a slot of events that become nothing. */
  eventSeconds: number;
  /** Seconds of full speed before anything is measured: the programs compile what is hot while they run. */
  warmUpSeconds: number;
  /** Events that a window counts. */
  counted: number;
  /** Dwells that are pending at a time. */
  pending: number;
  /** Runs that wait at a time. */
  waiting: number;
  /** States of entities that are written. */
  writes: number;
  /** Events that are posted at once. */
  burst: number;
  /** Changes, and rows of outcomes, that look-ups are measured on. */
  seeded: { changes: number; routings: number };
  /** Rows that lists are measured on. */
  listed: { runs: number; changes: number; alerts: number; audit: number };
  /** Automations that are loaded at once; steps of one run. */
  large: { automations: number; steps: number };
  /** Seconds of quiet before memory is read. */
  quietSeconds: number;
}

export const FULL: Plan = {
  rounds: 2,
  throughputSeconds: 3,
  latencySeconds: 5,
  eventSeconds: 3,
  warmUpSeconds: 5,
  counted: 10_000,
  pending: 10_000,
  waiting: 10_000,
  writes: 10_000,
  burst: 500,
  seeded: { changes: 1_000_000, routings: 10_000_000 },
  listed: { runs: 1_000_000, changes: 10_000_000, alerts: 100_000, audit: 1_000_000 },
  large: { automations: 100_000, steps: 10_000 },
  quietSeconds: 5,
};

/** Enough to see whether something is broken or far off; too short to compare a few percent. */
export const QUICK: Plan = {
  rounds: 1,
  throughputSeconds: 2,
  latencySeconds: 4,
  eventSeconds: 2,
  warmUpSeconds: 2,
  counted: 3_000,
  pending: 2_000,
  waiting: 1_000,
  writes: 2_000,
  burst: 200,
  seeded: { changes: 50_000, routings: 200_000 },
  listed: { runs: 50_000, changes: 200_000, alerts: 5_000, audit: 20_000 },
  large: { automations: 20_000, steps: 2_000 },
  quietSeconds: 2,
};
