/** Kinds of steps; every step has exactly one of these keys. */
export const ACTION_KINDS = [
  'action',
  'choose',
  'parallel',
  'sequence',
  'repeat',
  'delay',
  'variables',
  'condition',
  'stop',
  'wait_for_trigger',
  'wait_until',
] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

/** Kinds that have steps inside. */
export const STEPS_AROUND_OTHERS: readonly ActionKind[] = ['choose', 'parallel', 'sequence', 'repeat'];

type AllKeys<T> = T extends unknown ? keyof T : never;

/** Returns the kinds that a value has keys of; a valid step has one. */
export function kindKeys(step: object): ActionKind[] {
  return ACTION_KINDS.filter((kind) => Object.hasOwn(step, kind));
}

/** Returns the kind of a validated step. Pure and free of zod, so that workflow code can use it. */
export function kindOf<T extends object>(step: T): AllKeys<T> & ActionKind {
  const [kind] = kindKeys(step);
  if (kind === undefined) throw new Error('A step without a kind passed validation');
  return kind as AllKeys<T> & ActionKind;
}
