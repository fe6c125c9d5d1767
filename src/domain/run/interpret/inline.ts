import type { CommandOutcome, StepEvaluation, StepOutcome, StepInput, Stretched, StretchInput } from '../activities';
import type { StepRecord } from '../step-record';
import type { Command, Steps } from './command';
import { RunClosed, RunEnded, StepFailed } from './outcome';
import type { Branch } from './progress';

/** A command that a stretch can carry out. */
export type StretchCommand = Extract<Command, { type: 'evaluate' | 'perform' }>;

/** Carries out single commands. */
export interface StepHandlers {
  evaluate: (input: StepInput) => Promise<StepEvaluation>;
  perform: (input: StepInput) => Promise<StepOutcome>;
  /** Returns whether the call at a path begins on the task queue of calls. */
  callsApart?: (path: string) => boolean;
}

/** The steps of a branch, which are carried out one after another. */
export interface Stretch {
  input: StretchInput;
  steps: Steps;
  branch: Branch;
  /** Notes that are written together with the next step. */
  journal: StepRecord[];
}

/**
 * Drives a branch until a command needs Temporal, or until the budget is used up. The budget is checked before each
 * command except the first.
 */
export async function driveInline(
  stretch: Stretch,
  handlers: StepHandlers,
  isUsedUp: (done: CommandOutcome[], next: StretchCommand) => boolean,
): Promise<Stretched> {
  const { input, steps, journal } = stretch;
  const done: CommandOutcome[] = [];
  let begun = input.first === undefined;
  let answer: unknown;
  for (;;) {
    const next = advance(steps, answer);
    if (next === 'unwound') return { done, ended: false };
    if (next === 'through') return { done, ended: input.branch === '' && input.error === undefined };
    if (next.type === 'note') {
      // Notes that precede the first command belong to the workflow, which has already passed them on.
      if (next.persist && begun) journal.push(recordOf(next));
      continue;
    }
    const command = begun ? next : asRequested(next, input);
    if (command.type !== 'evaluate' && command.type !== 'perform') {
      return { done, ended: false, ...callAfter(command, handlers) };
    }
    begun ||= isFirst(command, input);
    if (begun && done.length > 0 && isUsedUp(done, command)) return { done, ended: false };
    const outcome = await carryOut(stretch, command, handlers, begun);
    answer = 'evaluated' in outcome ? outcome.evaluated : outcome.performed;
    if (begun) done.push(outcome);
    else if (isClosed(outcome)) return { done: [closedFor(input)], ended: false };
  }
}

/**
 * Returns the command as the workflow requested it. The workflow uses the plan of the worker that claimed the run. If
 * the worker that performs the stretch has another release or another version of the plugin, the action of the first
 * step may be short in that plan but long on this worker.
 * @throws when the command cannot precede the first step of the stretch, which is a bug
 */
function asRequested(next: Command, { first }: StretchInput): StretchCommand {
  if (next.type === 'evaluate' || next.type === 'perform') return next;
  if (next.type === 'call' && first?.type === 'perform' && next.path === first.at) {
    return { type: 'perform', node: next.node, path: next.path };
  }
  throw new Error(`The stretch reached ${next.type} at ${next.path} before its first step, ${first?.at ?? ''}`);
}

/** Returns the call that follows a stretch, if the call begins as a normal activity. */
function callAfter(next: Command, { callsApart }: StepHandlers): Pick<Stretched, 'call'> {
  if (next.type !== 'call' || next.after !== null) return {};
  return { call: { at: next.path, ...(callsApart?.(next.path) && { apart: true }) } };
}

/**
 * Carries out one command of a stretch. The steps that enclose the first step of the stretch have already begun, so
 * evaluating them returns the decisions stored in their rows.
 */
async function carryOut(
  stretch: Stretch,
  command: StretchCommand,
  handlers: StepHandlers,
  begun: boolean,
): Promise<CommandOutcome> {
  const { input, branch, journal } = stretch;
  const { runId, error } = input;
  const { path: at } = command;
  const step: StepInput = {
    ...{ runId, path: at, variables: branch.variables, repeat: branch.repeat },
    journal: begun ? journal.splice(0) : [],
    ...(branch.wait === undefined ? {} : { wait: branch.wait }),
    ...(error && { error }),
  };
  if (command.type === 'perform') return { at, performed: await handlers.perform(step) };
  const { iteration } = command;
  const which = iteration === undefined ? {} : { iteration };
  return { at, ...which, evaluated: await handlers.evaluate({ ...step, ...which }) };
}

function advance(steps: Steps, answer: unknown): Command | 'through' | 'unwound' {
  try {
    const next = steps.next(answer);
    return next.done ? 'through' : next.value;
  } catch (error) {
    if (error instanceof StepFailed || error instanceof RunEnded || error instanceof RunClosed) return 'unwound';
    throw error;
  }
}

function isFirst(command: StretchCommand, { first }: StretchInput): boolean {
  const iteration = command.type === 'evaluate' ? command.iteration : undefined;
  return command.type === first?.type && command.path === first.at && iteration === first.iteration;
}

export const isClosed = (done: CommandOutcome): boolean =>
  ('evaluated' in done ? done.evaluated : done.performed).type === 'closed';

/** Returns the outcome of a stretch whose run was closed externally before the first command. */
function closedFor({ first }: StretchInput): CommandOutcome {
  const { type, at = '', ...which } = first ?? {};
  return type === 'perform' ? { at, performed: { type: 'closed' } } : { at, ...which, evaluated: { type: 'closed' } };
}

function recordOf({ node, path, status, result, error }: Extract<Command, { type: 'note' }>): StepRecord {
  return {
    ...{ path, actionId: node.id, kind: node.kind, status },
    action: node.kind === 'action' ? node.action : null,
    ...(result === undefined ? {} : { result }),
    ...(error && { error }),
  };
}
