import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  proxySinks,
  TimeoutFailure,
  workflowInfo,
  type CancellationScope,
} from '@temporalio/workflow';
import type {
  Failed,
  GaveUp,
  NextCall,
  StepOutcome,
  RunActivities,
  StepInput,
  Stretched,
} from '../../domain/run/activities';
import { ACTIVITY_NAMES, nameOfStretch } from '../../domain/run/activity-names';
import { callsQueueOf } from '../../domain/run/calls-queue';
import { stepDeadlineMs } from '../../domain/run/step-deadline';
import type { Command } from '../../domain/run/interpret/command';
import type { Branch } from '../../domain/run/interpret/progress';
import type { RunSinks } from '../../domain/run/sinks';
import type { PlanNode } from '../../domain/run/plan';
import { activitiesNamed } from './activities-named';
import type { RunState } from './run-state';

type CommandOf<T extends Command['type']> = Extract<Command, { type: T }>;

/**
 * Options for local attempts, which run inside one workflow task. The number of attempts is not limited: an error means
 * either that infrastructure failed (for example, Postgres is unreachable), or a bug that the next release may fix.
 * Refusals and failures of steps are returned as values.
 */
const LOCAL = {
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '100 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
} as const;

/** Milliseconds for reading the scope, masking, and writing the row before and after the call. */
const BOOKKEEPING_MS = 60_000;

/** Returns the local activities. `name` is the name of their markers, `summary` is shown in the Web UI. */
export const local = (name: string, summary = name): RunActivities =>
  activitiesNamed(proxyLocalActivities<RunActivities>({ ...LOCAL, summary }), name);

/**
 * Timeout in milliseconds of one attempt at a stretch as a normal activity. The steps of a stretch, apart from the
 * last, take at most 2 s in total.
 */
const ELSEWHERE_MS = 120_000;

/**
 * Carries out a command and, in the same activity, the steps that follow it. With `elsewhere`, uses a normal activity,
 * which Temporal offers to other workers until one has the filters and triggers of the definition.
 */
export function performStretch(
  scope: CancellationScope,
  state: RunState,
  branch: Branch,
  command: CommandOf<'evaluate' | 'perform'>,
  elsewhere: boolean,
): Promise<Stretched> {
  const { path, node } = command;
  const iteration = command.type === 'evaluate' ? command.iteration : undefined;
  const input = {
    ...state.stepInput(branch),
    ...{ branch: branch.place, positions: state.progress.positionsOf(branch.place) },
    first: { type: command.type, at: path, ...(iteration === undefined ? {} : { iteration }) },
  };
  const name = nameOfStretch(node, followingOf(branch, node));
  const perform = () => (elsewhere ? anywhere(name, node.label) : local(name, node.label)).performStretch(input);
  return keepingNotes(state, input, () => scope.run(perform));
}

const { stretches } = proxySinks<RunSinks>();

/** Ends the stretch that carries out a command, if one does. The stretch then fails or returns what it has done. */
export function stopStretch(command: Command | null): void {
  if (command?.type !== 'evaluate' && command?.type !== 'perform') return;
  if (!workflowInfo().unsafe.isReplaying) stretches.stop(command.path);
}

const anywhere = (name: string, summary: string): Pick<RunActivities, 'performStretch'> =>
  activitiesNamed(
    proxyActivities<RunActivities>({
      ...{ summary, startToCloseTimeout: ELSEWHERE_MS },
      retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
    }),
    name,
  );

/**
 * Returns the steps that follow a step in the current list of its branch; empty when this list does not contain the
 * step.
 */
function followingOf({ list }: Branch, node: PlanNode): readonly PlanNode[] {
  const at = list?.steps[list.index] === node ? list.index + 1 : Infinity;
  return list?.steps.slice(at) ?? [];
}

/**
 * Runs an activity. If it fails, for example because it was cancelled before it began, puts back the notes from its
 * input, so that the next activity writes them.
 */
async function keepingNotes<T>(
  state: RunState,
  { journal }: Pick<StepInput, 'journal'>,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    state.keepNotes(journal);
    throw error;
  }
}

/**
 * Performs a provider call as a normal activity. The step's row counts and limits the attempts. Temporal itself retries
 * until the step's deadline, so that an outage of Postgres or Temporal never uses up an attempt. A cancellation reaches
 * the activity through its heartbeat. `next` is the call at which the preceding stretch ended; it determines the task
 * queue.
 */
export async function callStep(
  scope: CancellationScope,
  state: RunState,
  branch: Branch,
  { node, path, after }: CommandOf<'call'>,
  next?: NextCall,
): Promise<StepOutcome | GaveUp> {
  const isApart = after === null ? next?.at === path && next.apart : after.apart;
  const timeoutMs = after?.timeoutMs ?? node.timeoutMs;
  const calls = proxyActivities<RunActivities>({
    // The Web UI shows the summary after the name of the action.
    ...(node.id !== null && { summary: node.id }),
    ...(isApart && { taskQueue: callsQueueOf(workflowInfo().taskQueue) }),
    startToCloseTimeout: timeoutMs + BOOKKEEPING_MS,
    scheduleToCloseTimeout: stepDeadlineMs(timeoutMs, node.retry),
    heartbeatTimeout: '5 seconds',
    // The number of attempts is not limited: a suspended worker may use up several, because its open polls receive
    // tasks for about a minute.
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
  });
  const input = { ...state.stepInput(branch), path, ...(!isApart && { mayMove: true as const }) };
  try {
    return await scope.run(() => activitiesNamed(calls, node.action).performStep(input));
  } catch (error) {
    const failed = error instanceof ActivityFailure ? failedFor(error.cause) : undefined;
    if (failed) return failed;
    state.keepNotes(input.journal);
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    const { cause, retryState } = error;
    const isLate = cause instanceof TimeoutFailure || retryState === 'TIMEOUT';
    return { type: 'gaveUp', code: isLate ? 'timeout' : 'internal', message: cause?.message ?? error.message };
  }
}

/**
 * Returns the failure that the step's attempts recorded, or undefined if there is none, for example after a timeout.
 */
function failedFor(cause: unknown): Failed | undefined {
  if (!(cause instanceof ApplicationFailure) || !cause.nonRetryable) return undefined;
  const [outcome] = (cause.details ?? []) as Partial<Failed>[];
  return outcome?.type === 'failed' ? (outcome as Failed) : undefined;
}

/** Writes the failure of a step that none of its attempts could record. */
export function failStep(
  scope: CancellationScope,
  state: RunState,
  branch: Branch,
  { node, path, error }: CommandOf<'fail'>,
): Promise<StepOutcome> {
  const input = { ...state.stepInput(branch), path, error };
  return keepingNotes(state, input, () => scope.run(() => local(node.action, node.label).failStep(input)));
}

/** Writes the notes in a separate activity, because the next activity of the run might not begin for a month. */
export async function writeNotes(scope: CancellationScope, state: RunState): Promise<void> {
  const input = { runId: state.runId, journal: state.beginWriting() };
  await scope.run(() => local(ACTIVITY_NAMES.notes).writeNotes(input));
}
