/**
 * Maps each step kind to whether it contains other steps. Every step has exactly one of these keys.
 *
 * To add a kind, add it here. The compiler then requires its shape (`action.ts`), its interpretation
 * (`../run/interpret/steps.ts`) and its evaluation (`../../evaluation/steps/evaluate-kind.ts`).
 */
const HAS_STEPS_INSIDE = {
  action: false,
  choose: true,
  parallel: true,
  sequence: true,
  repeat: true,
  delay: false,
  variables: false,
  condition: false,
  stop: false,
  wait_for_trigger: false,
  wait_until: false,
};
export type ActionKind = keyof typeof HAS_STEPS_INSIDE;

export const ACTION_KINDS = Object.keys(HAS_STEPS_INSIDE) as ActionKind[];

/** Step kinds that contain other steps. */
export const STEPS_AROUND_OTHERS: readonly ActionKind[] = ACTION_KINDS.filter((kind) => HAS_STEPS_INSIDE[kind]);

type AllKeys<T> = T extends unknown ? keyof T : never;

/** Returns the step kinds whose keys are present in a value. A valid step has exactly one. */
export function kindKeys(step: object): ActionKind[] {
  return ACTION_KINDS.filter((kind) => Object.hasOwn(step, kind));
}

/** Returns the kind of a validated step. This function does not use zod, so that workflow code can import it. */
export function kindOf<T extends object>(step: T): AllKeys<T> & ActionKind {
  const [kind] = kindKeys(step);
  if (kind === undefined) throw new Error('A step without a kind passed validation');
  return kind as AllKeys<T> & ActionKind;
}
