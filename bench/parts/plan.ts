/**
 * Determines how long and how much each part measures. A slot is one measurement of one side. The slots are in
 * the order A B B A for two sides, A B C C B A for three, and so on, `rounds` times.
 */
export interface Plan {
  rounds: number;
  /** Length in seconds of a slot at full speed. */
  throughputSeconds: number;
  /** Length in seconds of a slot at 5 events per second. */
  latencySeconds: number;
  /** Length in seconds of a slot with events that start no runs. */
  eventSeconds: number;
  /** Seconds at full speed before a measurement. By then, Node has compiled the hot code. */
  warmUpSeconds: number;
  /** Number of events that a window counts. */
  counted: number;
  /** Number of dwells that are pending at the same time. */
  pending: number;
  /** Number of runs that wait at the same time. */
  waiting: number;
  /** Number of entity states to write. */
  writes: number;
  /** Number of runs to start at once. */
  burst: number;
  /** Number of changes and number of outcome rows in the tables when look-ups are measured. */
  seeded: { changes: number; routings: number };
  /** Number of rows in the tables when lists are measured. */
  listed: { runs: number; changes: number; alerts: number; audit: number };
  /** Number of automations that are loaded at the same time, and number of steps in the long run. */
  large: { automations: number; steps: number };
  /** Seconds without load before memory is measured. */
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

/** Long enough to show whether something is broken or far off, but too short to detect differences of a few percent. */
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
