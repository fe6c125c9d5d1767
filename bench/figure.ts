/** Parts of the bench. Their keys are the arguments of the bench: `npm run bench -- a c`. */
export const PARTS = {
  a: 'one webhook action',
  b: 'five webhook actions in a row',
  c: 'events that match no automation',
  d: 'events that one filter rejects',
  e: 'resident memory',
  f: 'history of a run',
  g: 'events that a window counts',
  h: 'dwells, pending and due',
  i: 'runs that wait',
  j: 'states of entities',
  k: 'alerts that one automation matches',
  l: 'beside a server that hangs',
  m: 'masking',
  large: 'many automations, a run of many steps',
  lists: 'lists of the console',
  noisy: 'noisy neighbour: 2,000 events for one automation, then 1 for another',
  why: 'the outcome of a change',
} as const;
export type Part = keyof typeof PARTS;

/** One line of the table. */
export interface Figure {
  part: Part;
  what: string;
  unit: string;
  fermata: number;
  /** The bare engine's value, measured in the same run. Null if the bare engine has no comparable feature. */
  raw: number | null;
  /** The best possible engine's value (eager start, one local activity, no database). Absent if it was not measured. */
  best?: number;
  /** Absent if there is no target for the value. */
  target?: { text: string; met: boolean };
}
