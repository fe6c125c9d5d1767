import { DrizzleQueryError } from 'drizzle-orm/errors';
import { isDatabaseUnavailable } from '../db/availability';
import { refKey, type EntityRef, type EntityStore } from '../db/entity-store';
import type { Executor } from '../db/executor';
import { conditionNeeds } from '../domain/conditions/condition-needs';
import type { Condition } from '../domain/definition/condition';
import { messageOf } from '../domain/errors';
import { withAliases } from '../domain/expressions/aliases';
import { createSharedSteps, type EvaluateOptions, type Scope } from '../domain/expressions/evaluate';
import type { ExpressionSource } from '../domain/expressions/expression-source';
import { ANY_ID, extractReferences } from '../domain/expressions/references';
import { systemOfRun } from '../domain/expressions/system-of-run';
import { artifactScope } from '../domain/run/scope';
import { ALERT_KIND } from '../domains/alert/alert-entity';
import type { firingAlertsOf } from '../domains/alert/firing-alerts';
import type { ExpressionContext } from './evaluator';
import type { readHealthViews } from '../domains/healthcheck/health-view';

/** Maximum number of entities that are read for an expression over all entities of a kind. */
const MAX_OF_A_KIND = 1_000;

/** Reads the detailed view of health. An error makes `health` unavailable. */
export type ReadHealth = typeof readHealthViews;
/** Reads `alerts.firing`. */
export type ReadAlerts = typeof firingAlertsOf;
/** The parts of the entity store that an evaluation uses. */
export type EntityReader = Pick<EntityStore, 'getMany' | 'list' | 'predicateSince'> &
  Partial<Pick<EntityStore, 'computed'>>;

/**
 * A scope with live state. `unavailable` explains why a namespace in the expressions could not be read. The namespace
 * is then empty.
 */
export interface ScopeWithState {
  scope: Scope;
  unavailable?: Unavailable;
  /** Whether some state is computed when it is read, so that no change is logged when its value changes. */
  isComputed: boolean;
}

/** Why a namespace could not be read. */
export interface Unavailable {
  root: 'health' | 'state';
  reason: string;
}

type ById = Record<string, unknown>;
const emptyMap = (): ById => Object.create(null) as ById;

/** Returns the id of the system that `health.system` refers to in this scope, or null. */
function systemIn({ facts }: ExpressionContext): string | null {
  return systemOfRun(facts.contextKey, facts.trigger['payload']);
}

/** Returns the scope without live state. It is used to evaluate the computed ids of references. */
function staticScope(scope: ExpressionContext, now: Date): Scope {
  const { facts, variables, artifacts, repeat, wait } = scope;
  return withAliases({
    trigger: facts.trigger,
    run: facts.run,
    automation: facts.automation,
    variables,
    artifacts: artifactScope(artifacts),
    ...(repeat === null ? {} : { repeat }),
    ...(wait === null || wait === undefined ? {} : { wait }),
    now: now.toISOString(),
  });
}

/**
 * Returns the scope with all live state that an expression can refer to. Runs one query for entities that are read by
 * id, one for each kind that is read as a whole, one for the detailed view of health and one for alerts, each only if
 * the expression needs it. Computed states are read by their plugins.
 * @throws when Postgres is unreachable
 */
export async function readLiveScope(
  deps: { entities: EntityReader; readHealth: ReadHealth; readAlerts: ReadAlerts; db: Executor },
  source: ExpressionSource,
  scope: ExpressionContext,
  { now, filters, more = [] }: LiveOptions,
): Promise<ScopeWithState> {
  const { db, entities } = deps;
  const fixed = staticScope(scope, now);
  const systemId = systemIn(scope);
  const shared = scope.steps?.values ?? createSharedSteps();
  const found = extractReferences(source, fixed, { systemId, now, filters, shared });
  // Without steps no expression can be evaluated, and computed ids would count as any id, so nothing is read.
  const refs = shared.left > 0 ? [...found.refs, ...more] : [];
  const isOnlyCounted = (ref: EntityRef) => found.alertsOnly && ref.kind === ALERT_KIND && ref.id === ANY_ID;
  const state = await readStates(
    db,
    entities,
    refs.filter((ref) => !isOnlyCounted(ref)),
  );
  const computed = await entities.computed?.(db, refs, MAX_OF_A_KIND);
  for (const { kind, id, state: value } of computed?.states ?? []) (state[kind] ??= emptyMap())[id] = value;
  const alerts = found.readsAlerts ? { firing: await deps.readAlerts(db, scope.facts, systemId) } : undefined;
  const { views, unavailable: noHealth } = await readHealth(deps, refs, scope, now);
  const unavailable = whatIsUnavailable(noHealth, computed?.unavailable ?? []);
  const health = {
    system: (systemId === null ? undefined : views.get(systemId)) ?? {},
    systems: Object.assign(emptyMap(), Object.fromEntries(views)),
  };
  return {
    scope: { ...fixed, health, state, ...(alerts && { alerts }) },
    ...(unavailable !== undefined && { unavailable }),
    isComputed: computed?.any ?? false,
  };
}

function whatIsUnavailable(health: string | undefined, states: readonly { reason: string }[]): Unavailable | undefined {
  const reasons = states.map(({ reason }) => reason);
  if (health !== undefined) return { root: 'health', reason: [health, ...reasons].join('; ') };
  return reasons.length === 0 ? undefined : { root: 'state', reason: reasons.join('; ') };
}

/** Fields of the detailed health view that depend on entities of other kinds. */
const FED_BY: readonly [pattern: RegExp, kind: string][] = [
  [/in_maintenance|notifications_suppressed/, 'maintenance'],
  [/notifications_suppressed/, 'incident'],
];

/**
 * Returns whether a condition reads `notifications_suppressed`. This field can change without a logged change, because
 * the state of an incident or a maintenance does not include whether it suppresses notifications.
 */
export const readsUnlogged = (condition: Condition): boolean =>
  JSON.stringify(condition).includes('notifications_suppressed');

/** Returns the entities whose changes may change the value of a condition. */
export function watchedBy(
  condition: Condition,
  scope: ExpressionContext,
  { now, filters }: Required<Pick<EvaluateOptions, 'now' | 'filters'>>,
): { refs: EntityRef[]; indeterminate: boolean } {
  const needs = conditionNeeds(condition);
  const fixed = staticScope(scope, now);
  const systemId = systemIn(scope);
  const shared = scope.steps?.values ?? createSharedSteps();
  const found = needs.expressions.map((each) => extractReferences(each, fixed, { systemId, now, filters, shared }));
  const text = JSON.stringify(condition);
  const fed = FED_BY.filter(([pattern]) => pattern.test(text)).map(([, kind]) => ({ kind, id: ANY_ID }));
  const refs = [...found.flatMap((each) => each.refs), ...needs.refs, ...fed];
  return {
    refs: [...new Map(refs.map(({ kind, id }) => [refKey({ kind, id }), { kind, id }])).values()],
    indeterminate: found.some((each) => each.indeterminate),
  };
}

interface LiveOptions extends Required<Pick<EvaluateOptions, 'now' | 'filters'>> {
  /** Additional entities that structured conditions read. */
  more?: readonly EntityRef[];
}

type Views = Awaited<ReturnType<ReadHealth>>;

async function readHealth(
  deps: { readHealth: ReadHealth; db: Executor },
  refs: readonly EntityRef[],
  { usesState, stateWindowMinutes }: ExpressionContext,
  now: Date,
): Promise<{ views: Views; unavailable?: string }> {
  const systems = refs.filter((ref) => ref.kind === 'health').map((ref) => ref.id);
  const ids = systems.length === 0 ? [] : [...new Set([...systems, ...usesState])].filter((id) => id !== ANY_ID);
  if (ids.length === 0) return { views: new Map() };
  try {
    return { views: await deps.readHealth(deps.db, ids, { now, windowMinutes: stateWindowMinutes }) };
  } catch (error) {
    // After a failed statement, nothing else can run in its transaction. The caller repeats the transaction.
    if (isDatabaseUnavailable(error) || error instanceof DrizzleQueryError) throw error;
    return { views: new Map(), unavailable: `"health" could not be read: ${messageOf(error)}` };
  }
}

async function readStates(
  db: Executor,
  entities: EntityReader,
  refs: readonly EntityRef[],
): Promise<Record<string, ById>> {
  const state = Object.create(null) as Record<string, ById>;
  const put = (kind: string, id: string, value: unknown) => ((state[kind] ??= emptyMap())[id] = value);
  const one = refs.filter((ref) => ref.id !== ANY_ID);
  if (one.length > 0)
    for (const found of (await entities.getMany(db, one)).values()) put(found.kind, found.id, found.state);
  const kinds = new Set(refs.filter((ref) => ref.id === ANY_ID).map((ref) => ref.kind));
  for (const kind of kinds) {
    for (const found of await entities.list(db, kind, { limit: MAX_OF_A_KIND })) put(kind, found.id, found.state);
  }
  return state;
}
