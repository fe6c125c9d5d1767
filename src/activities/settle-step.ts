import type { Executor } from '../db/executor';
import { stepStanding } from '../db/runs/attempts';
import { beginStep, endStep, type StepEnd, type StoredArtifact, writeJournal } from '../db/runs/step-states';
import { endLastStep } from '../db/runs/run-states';
import { FermataError } from '../domain/errors';
import { toStorable } from '../domain/entities/storable';
import { maskFields } from '../domain/secrets/mask-values';
import type { StepOutcome, StepInput } from '../domain/run/activities';
import type { RunError, StepStatus } from '../domain/run/step-record';
import type { Action, ActionResult } from '../integrations/contract';
import { withArtifact } from './carried-state';
import type { ActivityDeps } from './deps';
import { placeOf, runError, stepOf, traceOf, type Step } from './step';

interface Standing {
  open: boolean;
  finished: { status: StepStatus; error: RunError | null } | null;
}

/**
 * Returns the outcome of a step whose end could not be written. This is the outcome of the attempt that had already
 * ended the step, or `closed` if the run has ended.
 */
export async function recordedOutcome(db: Executor, step: Step): Promise<StepOutcome> {
  return outcomeBefore(step, await stepStanding(db, step.names)) ?? { type: 'closed' };
}

/** Maximum size of the output that is stored with a step, in bytes. Larger output is replaced by its size. */
const OUTPUT_LIMIT = 1_048_576;

/**
 * Returns `closed` if the run has ended. Otherwise, returns the outcome of the step, or null while the step is open.
 */
export function outcomeBefore(step: Step, { open, finished }: Standing): StepOutcome | null {
  if (!open) return { type: 'closed' };
  if (!finished) return null;
  if (finished.status === 'skipped') return { type: 'skipped' };
  if (finished.status !== 'failed') return { type: 'done' };
  return { type: 'failed', error: finished.error ?? runError(step, 'internal', 'The step had failed.') };
}

/** The successful end of a step, and the artifact that it creates. */
export interface Success {
  end: StepEnd;
  artifact: Omit<StoredArtifact, 'path'> | undefined;
}

/** Returns the successful end of a step: its output, its artifact, and the end of the artifact that it consumed. */
export function successOf(
  deps: ActivityDeps,
  step: Step,
  action: Action,
  result: ActionResult,
  consumed: Record<string, unknown> | null,
): Success {
  const { actionId } = step.names;
  const type = deps.registry.artifactTypeOf(step.names.action ?? '');
  const { mask } = step;
  const own = Object.keys(action.produces?.schema.shape ?? {});
  const output = maskFields(mask, boundedOutput(result.output), own);
  const artifact =
    type && result.artifact
      ? {
          ...{ id: deps.ids.next(), actionId, name: type.name, type: type.id },
          data: maskFields(mask, artifactData(action, result), own),
        }
      : undefined;
  const end: StepEnd = {
    ...placeOf(step),
    status: 'success',
    trace: traceOf(step),
    ...(output === undefined ? {} : { result: output }),
    ...(artifact && {
      artifact: { ...artifact, closed: result.closesConsumed === true || result.leftUntouched === true },
    }),
    ...mask(toStorable(closing(deps, action, result, consumed))),
  };
  return { end, artifact };
}

/** Writes the success of a step. Returns null if the step or its run had already ended. */
export async function writeSuccess(
  tx: Executor,
  deps: ActivityDeps,
  step: Step,
  action: Action,
  result: ActionResult,
  consumed: Record<string, unknown> | null,
): Promise<StepOutcome | null> {
  const { end, artifact } = successOf(deps, step, action, result, consumed);
  const written = await writeEnd(tx, deps, step, end);
  carryOn(step, written, artifact);
  return written ? { type: 'done' } : null;
}

/** Leaves the state of the run for the next step, if this attempt has written the end of this step. */
export function carryOn(
  { carry, state, names: { path } }: Step,
  written: boolean,
  artifact: Omit<StoredArtifact, 'path'> | undefined,
): void {
  if (carry === undefined) return;
  carry.state = written && state ? withArtifact(state, artifact && { ...artifact, path }) : null;
}

/** Writes the end of a step, and the end of the run if this is its last step. */
async function writeEnd(tx: Executor, deps: ActivityDeps, { last, source }: Step, end: StepEnd): Promise<boolean> {
  if (last === undefined) return endStep(tx, end);
  const { ended, next } = await endLastStep(tx, end, source);
  last.ended = ended;
  if (next !== null) deps.onRunsToStart();
  return ended;
}

/** Returns which open artifacts must be closed because the action resolved, closed or removed their entity. */
function closing(
  { registry }: ActivityDeps,
  action: Action,
  { artifact, closes = [], closesConsumed = false }: ActionResult,
  consumed: Record<string, unknown> | null,
): Pick<StepEnd, 'closes'> {
  const type = action.consumes === undefined ? undefined : registry.artifactTypes().get(action.consumes);
  const data = artifact ?? consumed;
  if (!closesConsumed || type?.identity === undefined || data === null) return closes.length === 0 ? {} : { closes };
  const same = Object.fromEntries(type.identity.map((field) => [field, data[field]]));
  return { closes: [...closes, { type: type.id, data: same }] };
}

function artifactData(action: Action, { artifact }: ActionResult): Record<string, unknown> {
  const parsed = action.produces?.schema.safeParse(toStorable(artifact));
  if (parsed?.success) return parsed.data;
  throw new FermataError('internal', `The action ${action.id} returned an artifact that it does not declare.`);
}

function boundedOutput(output: unknown): unknown {
  if (output === undefined) return undefined;
  const storable = toStorable(output);
  const size = Buffer.byteLength(JSON.stringify(storable));
  return size <= OUTPUT_LIMIT ? storable : { truncated: true, bytes: size };
}

/** Records that a step failed permanently. Returns null if the step or its run had already ended. */
export async function writeFailure(
  tx: Executor,
  step: Step,
  error: RunError,
  output?: unknown,
): Promise<StepOutcome | null> {
  if (step.carry) step.carry.state = null;
  const result = maskFields(step.mask, boundedOutput(output), 'all');
  const written = await endStep(tx, {
    ...placeOf(step),
    status: 'failed',
    error,
    trace: traceOf(step),
    ...(result === undefined ? {} : { result }),
  });
  return written ? { type: 'failed', error } : null;
}

/**
 * Creates the activity that records a failure that no attempt could record. A step that has already ended keeps its
 * outcome.
 */
export function createFailStep(deps: ActivityDeps): (input: StepInput & { error: RunError }) => Promise<StepOutcome> {
  return async ({ error, ...input }) => {
    const step = stepOf(await deps.sourceOf(input.runId), input);
    return deps.database.db.transaction(async (tx) => {
      await writeJournal(tx, input.runId, input.journal);
      // This attempt has a separate key, so that it is not counted and no attempt that timed out may send from here on.
      const start = await beginStep(tx, step.names, 'hold', undefined, { of: 'fail', no: 1, token: deps.ids.next() });
      step.mask = deps.secrets.maskOf(step.names.runId, start.secrets);
      const before = outcomeBefore(step, start);
      if (before) return before;
      const failed = await writeFailure(tx, step, { ...error, ...runError(step, error.code, error.message) });
      return failed ?? recordedOutcome(tx, step);
    });
  };
}
