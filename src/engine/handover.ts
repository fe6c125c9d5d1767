import { sql } from 'drizzle-orm';
import type { Executor } from '../db/executor';
import { awaitedAmong } from '../db/runs/wait-queries';
import { filterName, triggerName } from '../domain/registry/knowledge';
import { normalizeEvent } from '../domain/registry/registry';
import type { UnroutedChange } from './change-reader';
import { entityKey } from './change-reader';
import type { EvaluationLog } from './evaluation-log';
import { subjectOf } from './gates/gates';
import type { Fleet } from './fleet';
import type { Candidate, RoutingIndex, UnknownTrigger } from './routing-index';

/**
 * How long a change waits for a worker that has all the plugins it needs, in seconds since the change was recorded or
 * since this worker found that no live worker has them, whichever is later.
 */
const HOLD_SECONDS = 60;

/** The decision of this worker about a change. */
export type Verdict =
  | { type: 'route' }
  /** The changes of the entity wait for a worker that provides the missing names. */
  | { type: 'hold' }
  /** Another live worker provides these names. */
  | { type: 'hand-over'; names: string[] };

const ROUTE: Verdict = { type: 'route' };

/** Decides whether a change must be left to a worker with other plugins. */
export interface Handover {
  /**
   * Returns, by entity, the events of the dwells that only another worker can end. Queries only if an entity has dwells
   * and this worker lacks the plugin or filter of an enabled trigger.
   */
  dwellEvents(changes: readonly UnroutedChange[]): Promise<ReadonlyMap<string, string[]>>;
  /** Returns the events that runs await and whose types only other workers have. Queries only if workers differ. */
  awaitedEvents(): Promise<readonly string[]>;
  verdict(unrouted: UnroutedChange, concerns: ChangeConcerns): Verdict;
}

/** The names and triggers that a change concerns. */
export interface ChangeConcerns {
  events: readonly string[];
  /** Events of the entity's dwells that only another worker can end. */
  dwellEvents: readonly string[];
  /** Events that runs await and whose types only other workers have. */
  awaited: readonly string[];
  /**
   * Triggers that the change may fire according to their config, but whose automations use a filter that this worker
   * does not have.
   */
  incomplete: readonly Candidate[];
}

/**
 * Creates the component that decides about changes that need a trigger, filter, kind or plugin that this worker does
 * not have. If another live worker has what is missing and everything else that the change needs, the change is handed
 * over to that worker. If no live worker has what is missing, and a trigger of an enabled automation or the wait of a
 * run needs it, the change waits up to 60 s, which is enough for a restart. A change does not wait for a filter that no
 * worker has had recently. In all other cases, the change is routed without the missing part, and an evaluation that
 * names this part is recorded for each trigger that needs it.
 */
export function createHandover(deps: {
  db: Executor;
  fleet: Fleet;
  index: RoutingIndex;
  evaluations: EvaluationLog;
  /** Returns a monotonic time in milliseconds. Default: `performance.now`. */
  now?: () => number;
}): Handover {
  const { db, fleet, index, evaluations, now = () => performance.now() } = deps;
  const missingSeconds = createMissingTimes(now);

  return {
    async dwellEvents(changes) {
      const events = index.unknownTriggers().map(({ event }) => event);
      const entities = changes.filter(({ hasDwells }) => hasDwells).map(({ change: { kind, id } }) => ({ kind, id }));
      if (events.length === 0 || entities.length === 0) return new Map();
      const found = await db.execute<{ kind: string; id: string; event: string }>(sql`
        select kind, entity_id as id, event from dwells where status <> 'idle' and (kind, entity_id) in (
          select r.kind, r.id from jsonb_to_recordset(${JSON.stringify(entities)}::jsonb) as r(kind text, id text))`);
      const byEntity = new Map<string, string[]>();
      for (const row of found.rows) {
        const event = normalizeEvent(row.event);
        if (!events.includes(event)) continue;
        byEntity.set(entityKey(row), [...(byEntity.get(entityKey(row)) ?? []), event]);
      }
      return byEntity;
    },
    async awaitedEvents() {
      const foreign = fleet.foreignEvents();
      return foreign.length === 0 ? [] : awaitedAmong(db, foreign);
    },
    verdict({ change, lagSeconds }, concerns) {
      const unknown = index.unknownTriggers();
      if (unknown.length === 0 && !fleet.differs()) return ROUTE;
      const { lacking, own, concerned } = lackingOf(fleet, change.kind, concerns, unknown);
      if (lacking.length === 0) return ROUTE;
      const live = lacking.filter((name) => fleet.isProvidedByOther([name]));
      const heldSeconds = Math.min(lagSeconds, missingSeconds(lacking, live));
      if (live.length > 0 && fleet.isProvidedByOther([...live, ...own])) return { type: 'hand-over', names: live };
      if (unknown.length === 0 && !isAwaited(lacking, concerns.awaited)) return ROUTE;
      // Without this condition, a filter that no worker has would delay every event of each trigger that uses the
      // filter.
      const mayReturn = lacking.some((name) => !isFilter(name) || fleet.wasProvidedByOther(name));
      if (live.length === 0 && mayReturn && heldSeconds < HOLD_SECONDS) return { type: 'hold' };
      for (const trigger of concerned) {
        const { automationId, triggerId, event, filters } = trigger;
        const what = filters.length === 0 ? `trigger ${event}` : `filter ${filters.join(', ')}`;
        const detail = `No worker that could route the change has ${what}.`;
        const { changeId } = change;
        const contextKey = subjectOf(change);
        evaluations.record({ automationId, triggerId, changeId, contextKey, outcome: 'error', detail });
      }
      return ROUTE;
    },
  };
}

/**
 * Creates a function that returns for how many seconds a worker with all of the lacking names has been missing, since
 * this worker first found it. `live` are those of the names that another live worker provides. After an outage of all
 * workers, changes are older than a restart takes, so that their age does not show that a plugin is gone.
 */
function createMissingTimes(now: () => number): (lacking: readonly string[], live: readonly string[]) => number {
  const missingSince = new Map<string, number>();
  return (lacking, live) => {
    for (const name of live) missingSince.delete(name);
    const since = lacking.map((name) => {
      const found = missingSince.get(name) ?? now();
      if (!live.includes(name)) missingSince.set(name, found);
      return found;
    });
    return (now() - Math.max(...since)) / 1_000;
  };
}

const isFilter = (name: string): boolean => name.startsWith(filterName(''));

/**
 * Returns the names that routing a change requires: in `lacking` those that this worker does not provide, and in `own`
 * those that it provides. `concerned` contains the triggers that need the missing names.
 */
function lackingOf(fleet: Fleet, kind: string, concerns: ChangeConcerns, unknown: readonly UnknownTrigger[]) {
  const events = [...concerns.events, ...concerns.dwellEvents];
  const { lacking, own } = fleet.concerned(kind, events);
  const ofType = unknown.filter(({ filters }) => filters.length === 0);
  const used = new Set([...ofType.map(({ event }) => event), ...concerns.awaited].map(triggerName));
  // A trigger type matters only if an automation or a wait uses it. A kind or plugin may derive any event.
  const relevant = lacking.filter((name) => !name.startsWith('trigger:') || used.has(name));
  const direct = events.map(triggerName).filter((name) => used.has(name));
  const fired = new Set(concerns.incomplete.map(({ automation, trigger }) => `${automation.id}/${trigger.id}`));
  const ofFilter = unknown.filter(
    ({ automationId, triggerId, event, filters }) =>
      filters.length > 0 && (fired.has(`${automationId}/${triggerId}`) || concerns.dwellEvents.includes(event)),
  );
  const types = [...new Set([...relevant, ...direct])];
  const filters = ofFilter.flatMap((each) => each.filters.map(filterName));
  const concerned = [...concernedBy(ofType, types), ...ofFilter];
  return { lacking: [...new Set([...types, ...filters])], own, concerned };
}

/**
 * Returns the triggers of unknown types that need one of these names. A trigger needs the name of its own type, and the
 * kinds and plugins that share the first part of the type's name.
 */
function concernedBy(unknown: readonly UnknownTrigger[], names: readonly string[]): UnknownTrigger[] {
  const plugins = pluginsOf(names);
  return unknown.filter(({ event }) => names.includes(triggerName(event)) || plugins.has(event.split('.')[0] ?? ''));
}

/** Returns whether an awaited event belongs to one of the plugins or kinds in these names. */
function isAwaited(names: readonly string[], awaited: readonly string[]): boolean {
  const plugins = pluginsOf(names);
  return awaited.some((event) => plugins.has(event.split('.')[0] ?? ''));
}

/** Returns the first parts of names, which are the ids of plugins or the kinds of entities. */
const pluginsOf = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.map((name) => name.slice(name.indexOf(':') + 1).split('.')[0] ?? ''));
