/** Parts of the bench, as `npm run bench -- a c` names them. */
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
  /** The bare engine's, measured in the same run; null = it has nothing like this. */
  raw: number | null;
  /** The engine's at its best (eager start, one local activity, no database); absent = not measured. */
  best?: number;
  /** Absent = reported without a limit. */
  target?: { text: string; met: boolean };
}
