import type { AttemptKey } from '../db/runs/attempts';
import type { StepNames } from '../db/runs/step-states';
import type { StepInput, StepOutcome } from '../domain/run/activities';
import type { StepHandlers } from '../domain/run/interpret/inline';

/**
 * A write that must precede everything that a step writes: the claim of the run, or the end of the previous step. If
 * the step is a call, the statement that begins it can include the write, which saves a statement and a commit.
 */
export interface PrecedingWrite {
  /** Whether the preparation of a call may read what is written. */
  readonly mayBeRead: boolean;
  /**
   * Makes the write if it has not been made, and begins a step with an attempt that is sent at once (see `beginSent`).
   * Returns false if the step was not begun. The write may then not have been made.
   */
  begin(names: StepNames, key: AttemptKey, config?: Record<string, unknown>): Promise<boolean>;
  /** Makes the write if it has not been made. Returns false if the step must not be carried out. */
  make(): Promise<boolean>;
}

type Handlers = Omit<StepHandlers, 'perform'> & {
  perform: (step: StepInput, preceding: PrecedingWrite | undefined) => Promise<StepOutcome>;
};

/** Makes each step evaluate nothing, and perform no action, before its preceding write. */
export function writingFirst(preceding: () => PrecedingWrite | undefined, handlers: Handlers): StepHandlers {
  return {
    ...handlers,
    evaluate: async (step) => ((await isPreceded(preceding())) ? handlers.evaluate(step) : { type: 'closed' }),
    perform: (step) => handlers.perform(step, preceding()),
  };
}

/** Makes the preceding write, if there is one. Returns false if the step must not be carried out. */
export const isPreceded = async (preceding: PrecedingWrite | undefined): Promise<boolean> =>
  preceding === undefined || preceding.make();
