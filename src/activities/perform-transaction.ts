import { isDatabaseUnavailable, isQueryError } from '../db/availability';
import type { Executor } from '../db/executor';
import { beginStep, endStep, writeJournal } from '../db/runs/step-states';
import { FermataError, messageOf } from '../domain/errors';
import { ExpressionError } from '../domain/expressions/error';
import type { StepOutcome } from '../domain/run/activities';
import type { TransactionalAction, TransactionContext } from '../integrations/contract';
import { NO_SECRETS, withSecretsOfStep } from '../integrations/plugin-secrets';
import { maskFields } from '../domain/secrets/mask-values';
import { isEnabled } from '../evaluation/steps/enabled';
import { renderConfig } from './action-config';
import { stateRead } from './carried-state';
import { consumedArtifact } from './consumed-artifact';
import type { ActivityDeps } from './deps';
import { auditRefusedSecret } from './refused-secret';
import { outcomeBefore, recordedOutcome, writeFailure, writeSuccess } from './settle-step';
import { placeOf, runCause, runError, scopeOf, traceOf, type ActionStepOfRun } from './step';

/**
 * Performs an action on Fermata's own tables. The effect is written in one transaction with the step's row. It
 * therefore happens exactly once, however often the activity is repeated, and never after the run has ended. A refusal
 * rolls the effect back and is recorded in a second transaction.
 */
export async function performTransaction(
  deps: ActivityDeps,
  step: ActionStepOfRun,
  action: TransactionalAction,
): Promise<StepOutcome> {
  const { db } = deps.database;
  try {
    const outcome = await db.transaction((tx) => attempt(deps, step, action, tx));
    deps.notifier.changes();
    return outcome;
  } catch (error) {
    if (isDatabaseUnavailable(error)) throw error;
    if (step.carry) step.carry.state = null;
    return db.transaction(async (tx) => {
      await writeJournal(tx, step.names.runId, step.input.journal);
      const before = outcomeBefore(step, await beginStep(tx, step.names, 'hold', step.input.wait));
      if (before) return before;
      await auditRefusedSecret(tx, deps, step, error);
      const failed = await writeFailure(tx, step, runError(step, codeOf(error), messageOf(error)));
      return failed ?? recordedOutcome(tx, step);
    });
  }
}

async function attempt(
  deps: ActivityDeps,
  step: ActionStepOfRun,
  action: TransactionalAction,
  tx: Executor,
): Promise<StepOutcome> {
  const { source, names } = step;
  await writeJournal(tx, names.runId, step.input.journal);
  const start = await beginStep(tx, names, 'hold', step.input.wait);
  const before = outcomeBefore(step, start);
  if (before) return before;
  step.state = stateRead(start);
  step.mask = deps.secrets.maskOf(names.runId, start.secrets);
  const scope = scopeOf(step, start);
  if (!(await isEnabled(tx, deps, step, scope))) {
    await endStep(tx, { ...placeOf(step), status: 'skipped', trace: traceOf(step) });
    return { type: 'skipped' };
  }
  // Values are masked before they are written, so that entities, events and rows contain no more than steps do.
  const { config } = await renderConfig(tx, deps, step, action, scope);
  const consumed = action.consumes
    ? await consumedArtifact(tx, deps.registry, action.consumes, start.artifacts, source)
    : null;
  const effect: TransactionContext<unknown> = {
    config: maskFields(step.mask, config, 'all'),
    tx,
    entities: deps.entities,
    cause: runCause(step),
    run: { id: names.runId, automationId: source.automationId, contextKey: source.facts.contextKey },
    consumed: consumed?.data ?? null,
    idempotencyKey: `${source.rootRunId}:${names.path}`,
    now: deps.clock.now(),
  };
  const result = await withSecretsOfStep(NO_SECRETS, () => action.execute(effect)).catch((error: unknown) => {
    throw ofAction(error);
  });
  await deps.failpoint('after-effect-before-commit');
  const written = await writeSuccess(tx, deps, step, action, result, consumed?.data ?? null);
  return written ?? recordedOutcome(tx, step);
}

/**
 * Returns the error of an action. A network error that a plugin throws unchanged has the same code as an error of a
 * connection to Postgres. It is converted to an error that fails the step, unless a statement failed with it.
 */
function ofAction(error: unknown): unknown {
  if (!isDatabaseUnavailable(error) || isQueryError(error)) return error;
  return new FermataError('provider_failed', messageOf(error));
}

/** Returns the error code of a step's failure, which is `internal` for an unexpected error. */
export function codeOf(error: unknown): string {
  if (error instanceof FermataError || error instanceof ExpressionError) return error.code;
  return 'internal';
}
