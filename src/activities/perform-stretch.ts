import { Context } from '@temporalio/activity';
import { decidedBefore, outcomesOf, type StoredOutcome } from '../db/runs/outcomes';
import { writeJournal } from '../db/runs/step-states';
import type { RunSource } from '../db/runs/run-source';
import { FermataError } from '../domain/errors';
import type { CommandOutcome, StepOutcome, Stretched, StretchInput } from '../domain/run/activities';
import type { Steps } from '../domain/run/interpret/command';
import {
  driveInline,
  isClosed,
  type StretchCommand,
  type StepHandlers,
  type Stretch,
} from '../domain/run/interpret/inline';
import { hasLanes } from '../domain/run/lanes';
import { stepAt } from '../domain/run/step-at';
import { Progress, type Branch } from '../domain/run/interpret/progress';
import { planOf, runBranch, runList } from '../domain/run/interpret/steps';
import type { CarriedState, Carry } from './carried-state';
import { settleStretch } from './deferred-end';
import type { ActivityDeps } from './deps';
import { endRun } from './end-run';
import { lacksFilters, lacksTriggers } from './leave-to-other';
import { createEvaluateStep } from './evaluate-step';
import type { LateClaim } from './late-claim';
import { createPerformStep } from './perform-step';
import { addressIn } from './origin-load';
import { executionOf } from './plan-for';
import { writingFirst } from './preceding-write';
import type { LastStep } from './step';
import { cancellationOf } from '../temporal/stretch-stops';

/**
 * Milliseconds after which the activity returns the steps performed so far, because a local activity holds its workflow
 * task.
 */
const BUDGET_MS = 2_000;
/**
 * The same for the stretch of a branch. It is shorter, because pauses and calls of other branches begin and end only
 * between workflow tasks.
 */
const BRANCH_BUDGET_MS = 500;
/** Maximum number of outcomes of one stretch. They become one marker in the history. */
const MAX_OUTCOMES = 200;
/** Maximum total length of the outcomes of the run's own stretch as JSON, in UTF-16 code units. */
const MAX_LENGTH = 262_144;
/**
 * Maximum total length of the outcomes of a branch's stretch as JSON, in UTF-16 code units. It is smaller than the
 * maximum for the run itself, because the results of many concurrent branches must fit into one workflow task.
 */
const MAX_BRANCH_LENGTH = 65_536;

/**
 * Creates the activity that drives the interpreter. It carries out the steps of a branch one after another, and records
 * the end of each step before the next one begins. It stops at a step that needs Temporal (a pause, branches, a call with
 * retries), or when the budget is used up. The workflow passes the outcomes to its own fiber in the same order. When the
 * activity is repeated after a crash, steps that have ended return their stored outcomes.
 */
export function createPerformStretch(
  deps: ActivityDeps,
): (input: StretchInput, state?: CarriedState | null, claim?: LateClaim) => Promise<Stretched> {
  const evaluate = createEvaluateStep(deps);
  const perform = createPerformStep(deps);
  return async (input, state = null, claim) => {
    const source = await deps.sourceOf(input.runId);
    const { definition } = source;
    const filters = deps.filtersLacking(definition);
    const triggers = deps.triggersLacking(definition);
    if (filters.length > 0 || triggers.length > 0) {
      await writeJournal(deps.database.db, input.runId, input.journal);
      if (!Context.current().info.isLocal) throw filters.length > 0 ? lacksFilters(filters) : lacksTriggers(triggers);
      return { done: [], ended: false, elsewhere: true };
    }
    const stretch = await beginStretch(deps, input);
    const last = lastStepOf(source, input);
    const callsApart = (path: string) => needsCallsQueue(deps, source, path);
    const carry: Carry = { state, end: null };
    const carried = mayCarry(source, input) ? carry : undefined;
    const handlers = writingFirst(() => (claim?.isMade() === false ? claim : (carry.end ?? undefined)), {
      ...{ evaluate, callsApart },
      perform: (step, preceding) => perform(step, { last, carry: carried, preceding }),
    });
    // An end that is still deferred is also written if the next step has met an error.
    const driven = await driveInline(stretch, handlers, withBudget(input)).finally(() => carry.end?.settle());
    const stretched = await settleStretch(carry.end, driven);
    if (stretched.done.some(isClosed)) return (await recallStretch(deps, input)) ?? stretched;
    if (!stretched.ended) return stretched;
    const ended =
      last?.ended ||
      ((await claim?.make()) !== false &&
        (await endRun(deps, { runId: input.runId, status: 'success', journal: stretch.journal })));
    await deps.failpoint('after-end-before-completion');
    return ended ? stretched : closedAt(stretched);
  };
}

/**
 * Returns whether a call would move to the task queue for calls as soon as it begins, because its origin already has
 * its share of normal attempts. Returns false if the configuration contains no address before rendering.
 */
function needsCallsQueue({ origins }: ActivityDeps, { definition }: RunSource, path: string): boolean {
  const step = stepAt(definition, path);
  const origin = step && 'action' in step ? addressIn(step.config) : undefined;
  return origin !== undefined && !origins.admitsNormal(origin);
}

/**
 * Returns whether only this stretch writes artifacts and secrets of the run. In a branch, or in a run with parallel
 * iterations, whose artifacts have another order, each step reads the state of the run.
 */
const mayCarry = ({ definition }: RunSource, { branch }: StretchInput): boolean =>
  branch === '' && !hasLanes(definition);

/**
 * Returns the step that ends the run when it succeeds. Returns undefined in branches and in `on_failure`, and when
 * ending the run requires locking its bucket, because the bucket must be locked before the run.
 */
function lastStepOf({ definition, mode }: RunSource, { branch, error }: StretchInput): LastStep | undefined {
  if (branch !== '' || error !== undefined || mode === 'queued') return undefined;
  return { path: `actions[${definition.actions.length - 1}]`, ended: false };
}

/**
 * Returns the outcomes of a stretch that ended its run successfully before its worker could report them. Returns null
 * when the run did not end that way.
 */
export async function recallStretch(deps: ActivityDeps, input: StretchInput): Promise<Stretched | null> {
  if (input.branch !== '' || input.error !== undefined) return null;
  const outcomes = await outcomesOf(deps.database.db, input.runId);
  if (outcomes === null) return null;
  const stretched = await driveInline(await beginStretch(deps, input), recalling(outcomes), () => false);
  return stretched.ended ? stretched : null;
}

function recalling(outcomes: ReadonlyMap<string, StoredOutcome>): StepHandlers {
  return {
    evaluate: ({ path, iteration }) =>
      Promise.resolve(decidedBefore(outcomes.get(path)?.decided, iteration) ?? { type: 'closed' }),
    perform: ({ path }): Promise<StepOutcome> => {
      const outcome = outcomes.get(path);
      if (!outcome) return Promise.resolve({ type: 'closed' });
      if (outcome.error) return Promise.resolve({ type: 'failed', error: outcome.error });
      return Promise.resolve(outcome.status === 'skipped' ? { type: 'skipped' } : { type: 'done' });
    },
  };
}

async function beginStretch(deps: ActivityDeps, input: StretchInput): Promise<Stretch> {
  const { definition } = await deps.sourceOf(input.runId);
  const { branch: place, positions, variables, repeat, wait, journal } = input;
  const progress = new Progress(variables, { positions, variables: {}, finished: {}, waits: {} });
  const branch = place === '' ? progress.root : progress.fork(progress.root, place);
  Object.assign(branch, { repeat, wait });
  return { input, branch, journal: [...journal], steps: stepsOf(deps, definition, input, progress, branch) };
}

function stepsOf(
  deps: ActivityDeps,
  definition: RunSource['definition'],
  { branch: place, error }: StretchInput,
  progress: Progress,
  branch: Branch,
): Steps {
  if (place !== '') {
    const steps = runBranch(progress, branch, definition, executionOf(deps));
    if (!steps) throw new FermataError('not_found', `The definition has no step ${place}.`);
    return steps;
  }
  const list = error === undefined ? 'actions' : 'on_failure';
  return runList(progress, branch, planOf(definition[list], executionOf(deps)), list);
}

/** Returns the outcome of a stretch whose run was closed from outside before its end could be written. */
function closedAt({ done: [first] }: Stretched): Stretched {
  if (first === undefined) return { done: [], ended: false };
  const closed = { type: 'closed' } as const;
  return {
    done: ['evaluated' in first ? { ...first, evaluated: closed } : { ...first, performed: closed }],
    ended: false,
  };
}

/**
 * Returns a function that decides whether a stretch ends before its next command. In a stretch of a branch, only the
 * outcome of the first step may be large, because the results of all branches together must fit into one workflow task
 * (`workflows/run/task-room.ts`).
 */
function withBudget({ branch }: StretchInput): (done: CommandOutcome[], next: StretchCommand) => boolean {
  const started = performance.now();
  const [mostMs, most] = branch === '' ? [BUDGET_MS, MAX_LENGTH] : [BRANCH_BUDGET_MS, MAX_BRANCH_LENGTH];
  let length = 0;
  return (done, { node }) => {
    length += JSON.stringify(done.at(-1)).length;
    if (branch !== '' && (node.kind === 'variables' || (node.kind === 'repeat' && node.form === 'for_each')))
      return true;
    return performance.now() - started > mostMs || length > most || done.length >= MAX_OUTCOMES || isCancelled();
  };
}

const isCancelled = (): boolean => cancellationOf(Context.current()).aborted;
