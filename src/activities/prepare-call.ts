import type { Handover } from '../domain/run/activities';
import { artifactScope } from '../domain/run/scope';
import type { BoundSecret } from '../domain/secrets/binding';
import type { OpenConnection } from '../integrations/connections/open-connection';
import type { CallingAction } from '../integrations/contract';
import { renderConfig, secretUse } from './action-config';
import { timeoutOf, type Attempt } from './call-attempt';
import { NOTHING_CARRIED, notStored } from './carried-state';
import { consumedArtifact } from './consumed-artifact';
import type { ActivityDeps } from './deps';
import { slotsOf } from './make-call';
import { originOf } from './origin-load';
import { isShort } from './plan-for';
import type { UsedSecret } from './run-secrets';
import { runCause, scopeOf, type ActionStepOfRun } from './step';

/** The data that a call needs, read and resolved before anything is sent. */
export interface PreparedCall {
  config: unknown;
  connection: OpenConnection | null;
  /** Data that the action has read from Fermata's tables. */
  prepared: unknown;
  /** Data of the artifact that the action consumes. */
  consumed: Record<string, unknown> | null;
  /** Those secrets of the call that are bound to hosts. */
  bound: BoundSecret[];
  scope: ReturnType<typeof callScopeOf>;
  run: { id: string; automationId: string; contextKey: string | null };
  timeoutMs: number;
}

/**
 * Renders the configuration, opens the connection, and records the secrets that the call uses, so that the run masks
 * them. Returns a handover when this attempt must not make the call: the attempt is local and the call may take a long
 * time, the origin is slow, or the origin already uses its share of the slots.
 */
export async function prepareCall(deps: ActivityDeps, attempt: Attempt): Promise<PreparedCall | Handover> {
  const { db } = deps.database;
  const { step, action, context, start } = attempt;
  const { names, source } = step;
  const rendered = await renderConfig(db, deps, step, action, scopeOf(step, start));
  const { config } = rendered;
  const timeoutMs = timeoutOf(step, action, config);
  const handover = { type: 'handover', attempts: start.attempts, delayMs: 0, timeoutMs } as const;
  if (context.info.isLocal && !isShort(action, timeoutMs)) return handover;
  const connection = await connectionOf(deps, step, action, config);
  attempt.origin = originOf(names.action ?? '', config, connection);
  if (!admits(deps, attempt, attempt.origin)) return { ...handover, apart: true };
  const consumed = action.consumes
    ? await consumedArtifact(db, deps.registry, action.consumes, start.artifacts, source)
    : null;
  const used = [...rendered.used, ...(connection?.secrets ?? [])];
  const bound = [...rendered.used.flatMap((secret) => secret.bound ?? []), ...(connection?.bound ?? [])];
  const prepared = await prepare(deps, attempt, config, { used, bound });
  await rememberSecrets(deps, attempt, used);
  const run = { id: names.runId, automationId: source.automationId, contextKey: source.facts.contextKey };
  const scope = callScopeOf(attempt);
  return { ...{ config, connection, prepared, bound, scope, run, timeoutMs }, consumed: consumed?.data ?? null };
}

/** Stores the secrets of the call that are not stored yet, and masks all secrets of the run from here on. */
async function rememberSecrets(
  { secrets }: ActivityDeps,
  { step }: Attempt,
  used: readonly UsedSecret[],
): Promise<void> {
  const { names, state = NOTHING_CARRIED } = step;
  const more = notStored(state, used);
  // Secrets are stored only for runs that have been claimed.
  if (more.length > 0) await step.preceding?.make();
  await secrets.remember(names.runId, more);
  step.state &&= { ...state, used: [...state.used, ...more] };
  step.mask = secrets.maskOf(names.runId, state.secrets, [...state.used, ...more]);
}

/**
 * Returns whether the origin may take one more slot of the kind that this attempt uses. In workflows of older releases,
 * a normal attempt cannot move to another task queue, so it is always admitted.
 */
function admits({ origins }: ActivityDeps, { context, step }: Attempt, origin: string): boolean {
  const slots = slotsOf(context);
  if (slots === 'local') return origins.admitsLocal(origin);
  return slots === 'calls' || step.input.mayMove !== true || origins.admitsNormal(origin);
}

/** Returns the data of the run that an action may read. */
const callScopeOf = ({ step, start }: Attempt) => ({
  trigger: step.source.facts.trigger,
  artifacts: artifactScope(start.artifacts),
  variables: step.input.variables,
  repeat: step.input.repeat,
  automation: step.source.facts.automation,
});

/**
 * Calls the action's `prepare`, which reads Fermata's tables. Adds the secrets of the connections that it opens to
 * `used` and `bound`.
 */
async function prepare(
  deps: ActivityDeps,
  { action, step }: Attempt,
  config: unknown,
  { used, bound }: { used: OpenConnection['secrets']; bound: BoundSecret[] },
): Promise<unknown> {
  return action.prepare?.({
    ...{ db: deps.database.db, ids: deps.ids, config, cause: runCause(step), now: deps.clock.now() },
    trigger: step.source.facts.trigger,
    async openConnection(type, id) {
      const opened = await deps.openConnection(type, id, secretUse(step, 'call'));
      used.push(...opened.secrets);
      bound.push(...opened.bound);
      return opened.config;
    },
  });
}

async function connectionOf(deps: ActivityDeps, step: ActionStepOfRun, action: CallingAction, config: unknown) {
  const { connection: type = null, connectionField = type === null ? undefined : 'connectionId' } = action;
  const id = connectionField === undefined ? undefined : (Object(config) as Record<string, unknown>)[connectionField];
  return typeof id === 'string' ? deps.openConnection(type, id, secretUse(step, 'call')) : null;
}
