import type { EntityRef, EntityStore } from '../db/entity-store';
import type { Executor } from '../db/executor';
import { withAliases } from '../domain/expressions/aliases';
import type { Scope } from '../domain/expressions/evaluate';
import type { ExpressionSource } from '../domain/expressions/expression-source';
import { ANY_ID, extractReferences } from '../domain/expressions/references';
import { systemOfRun } from '../domain/expressions/system-of-run';
import { artifactScope } from '../domain/run/scope';
import type { EvaluationScope } from './evaluator';
import { readHealthViews } from './healthcheck/health-view';

/** Most entities of a kind that an expression over all of them sees. */
const MOST_OF_A_KIND = 1_000;

type ById = Record<string, unknown>;
const emptyMap = (): ById => Object.create(null) as ById;

/** The system that `health.system` means in this scope, or null. */
function systemIn({ facts }: EvaluationScope): string | null {
  return systemOfRun(facts.contextKey, facts.trigger['payload']);
}

/** The scope without live state: what references with computed ids are evaluated against. */
function staticScope(scope: EvaluationScope, now: Date): Scope {
  const { facts, variables, artifacts, repeat } = scope;
  return withAliases({
    trigger: facts.trigger,
    run: facts.run,
    automation: facts.automation,
    variables,
    artifacts: artifactScope(artifacts),
    ...(repeat === null ? {} : { repeat }),
    now: now.toISOString(),
  });
}

/**
 * The scope with everything live that an expression can reach, read afresh: one query for reactive states, one for the
 * rich view of health, none when nothing is referred to.
 */
export async function readLiveScope(
  deps: { entities: EntityStore; db: Executor },
  source: ExpressionSource,
  scope: EvaluationScope,
  now: Date,
  /** Entities that structured conditions look at besides. */
  more: readonly EntityRef[] = [],
): Promise<Scope> {
  const { db, entities } = deps;
  const fixed = staticScope(scope, now);
  const systemId = systemIn(scope);
  const refs = [...extractReferences(source, fixed, { systemId, now }).refs, ...more];
  const systems = refs.filter((ref) => ref.kind === 'health' && ref.id !== ANY_ID).map((ref) => ref.id);
  const healthIds = [...new Set([...systems, ...(systems.length > 0 ? scope.usesState : [])])];
  const views =
    healthIds.length === 0
      ? null
      : await readHealthViews(db, healthIds, { now, windowMinutes: scope.stateWindowMinutes });
  const state = await readStates(db, entities, refs);
  const health = {
    ...(systemId !== null && views?.has(systemId) ? { system: views.get(systemId) } : { system: {} }),
    systems: Object.assign(emptyMap(), Object.fromEntries(views ?? [])),
  };
  return { ...fixed, health, state };
}

async function readStates(
  db: Executor,
  entities: EntityStore,
  refs: readonly EntityRef[],
): Promise<Record<string, ById>> {
  const state = Object.create(null) as Record<string, ById>;
  const put = (kind: string, id: string, value: unknown) => ((state[kind] ??= emptyMap())[id] = value);
  const one = refs.filter((ref) => ref.id !== ANY_ID);
  if (one.length > 0)
    for (const found of (await entities.getMany(db, one)).values()) put(found.kind, found.id, found.state);
  const kinds = new Set(refs.filter((ref) => ref.id === ANY_ID).map((ref) => ref.kind));
  for (const kind of kinds) {
    for (const found of await entities.list(db, kind, { limit: MOST_OF_A_KIND })) put(kind, found.id, found.state);
  }
  return state;
}
