import { assertNever } from '../../errors';
import type { GaveUp, StepEvaluation, StepOutcome } from '../activities';
import type { BranchEnd, BranchStart, Command, Steps } from './command';
import { RunClosed, RunEnded, StepFailed } from './outcome';
import type { Branch } from './progress';

type Of<T extends Command['type']> = Extract<Command, { type: T }>;

/** The current time of a branch. */
export interface Moment {
  readonly branch: Branch;
  /** Milliseconds since 1970. Only pauses advance this time. */
  now: number;
}

/** Carries out single commands without effects. An error that a handler throws ends the dry run. */
export interface DryHandlers {
  evaluate(command: Of<'evaluate'>, moment: Moment): Promise<StepEvaluation>;
  /** Performs an action. Also called for a call with retries, which is performed once. */
  perform(command: Of<'perform' | 'call'>, moment: Moment): Promise<StepOutcome | GaveUp>;
  note(command: Of<'note'>): void;
}

/**
 * Drives steps without Temporal: pauses end immediately and advance the time, and waits are evaluated again at the time
 * at which they are next due. Branches are driven one after another in the order in which they begin, each from the
 * time at which it begins. A loop begins more branches only after all current branches have ended. Stores the final
 * time in `moment`, even if the steps fail. Throws the errors that the steps throw.
 */
export async function driveDry(steps: Steps, moment: Moment, handlers: DryHandlers): Promise<void> {
  let answer: unknown;
  for (;;) {
    const next = steps.next(answer);
    if (next.done) return;
    answer = await answerTo(next.value, moment, handlers);
  }
}

async function answerTo(command: Command, moment: Moment, handlers: DryHandlers): Promise<unknown> {
  switch (command.type) {
    case 'note':
      return handlers.note(command);
    case 'evaluate':
      return handlers.evaluate(command, moment);
    case 'perform':
    case 'call':
      return handlers.perform(command, moment);
    case 'fail':
      return { type: 'failed', error: command.error } satisfies StepOutcome;
    case 'sleep':
      moment.now = command.retry ? moment.now + command.ms : Math.max(moment.now, command.until);
      return;
    case 'wait':
      moment.now = Math.max(moment.now, command.until ?? moment.now);
      return;
    case 'fork':
      return driveBranches(command, moment, handlers);
    default:
      return assertNever(command);
  }
}

async function driveBranches(
  { branches, next = () => null }: Of<'fork'>,
  moment: Moment,
  handlers: DryHandlers,
): Promise<BranchEnd[]> {
  const ends: BranchEnd[] = [];
  let round = branches.map((start) => ({ start, at: moment.now }));
  while (round.length > 0) {
    const instants: number[] = [];
    for (const { start, at } of round) {
      const own: Moment = { branch: start.branch, now: at };
      const end = await endOf(start, own, handlers);
      ends.push(end);
      instants.push(own.now);
      moment.now = Math.max(moment.now, own.now);
      // The end of the run cancels the other branches, which in a dry run are those that have not begun.
      if (end.type === 'unwound') return ends;
    }
    const free = instants.sort((one, other) => one - other);
    round = free.flatMap((at) => {
      const start = next();
      return start === null ? [] : [{ start, at }];
    });
  }
  return ends;
}

async function endOf({ steps }: BranchStart, moment: Moment, handlers: DryHandlers): Promise<BranchEnd> {
  try {
    await driveDry(steps, moment, handlers);
    return { type: 'done' };
  } catch (error) {
    if (error instanceof StepFailed) return { type: 'failed', error: error.error };
    if (error instanceof RunEnded || error instanceof RunClosed) return { type: 'unwound', by: error };
    throw error;
  }
}
