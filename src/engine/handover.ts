import { sql } from 'drizzle-orm';
import type { Executor } from '../db/executor';
import { awaitedAmong } from '../db/runs/wait-queries';
import type { Change } from '../domain/entities/change';
import { eventOf, filterName, filterOf, triggerName } from '../domain/registry/knowledge';
import { normalizeEvent } from '../domain/registry/registry';
import type { Logger } from '../log';
import type { UnroutedChange } from './change-reader';
import { entityKey } from './change-reader';
import { refused, subjectOf } from './gates/gates';
import type { Reason } from './gates/survivors';
import type { Fleet } from './fleet';
import type { Candidate, RoutingIndex, UnknownTrigger } from './routing-index';

/**
 * Seconds for which changes wait for a trigger type that no worker has announced. The time begins with the first change
 * that needs the type.
 */
const HOLD_SECONDS = 60;
/** Maximum number of automations that a log line names. */
const MAX_NAMED = 20;

/** The decision of this worker about a change. */
export type Verdict =
  /** The change is routed. `refusals` contains the triggers that it is routed without. */
  | { type: 'route'; refusals: readonly Reason[] }
  /** The entity's changes wait until a worker that provides the missing names is available. */
  | { type: 'hold' }
  /**
   * Another live worker provides `names`. They include everything that the change needs, except what no live worker
   * provides.
   */
  | { type: 'hand-over'; names: string[] };

const ROUTE: Verdict = { type: 'route', refusals: [] };

/** Decides whether a change must be left to a worker with other plugins. */
export interface Handover {
  /**
   * Returns the active dwells of the changed entities, by entity. Queries the database only if an entity has dwells and
   * this worker lacks the plugin or filter of an enabled trigger.
   */
  dwells(changes: readonly UnroutedChange[]): Promise<ReadonlyMap<string, ActiveDwell[]>>;
  /**
   * Returns the events that runs await and whose types only other workers have. Queries the database only if workers
   * differ.
   */
  awaitedEvents(): Promise<readonly string[]>;
  verdict(change: Change, concerns: ChangeConcerns): Verdict;
}

/** A dwell that a change of its entity may end. */
export interface ActiveDwell {
  automationId: string;
  triggerId: string;
  event: string;
}

/** The names and triggers that a change concerns. */
export interface ChangeConcerns {
  events: readonly string[];
  dwells: readonly ActiveDwell[];
  /** Events that runs await and whose types only other workers have. */
  awaited: readonly string[];
  /**
   * Triggers that the change may fire according to their config. Their automations use plugin filters, all of which
   * this worker has.
   */
  complete: readonly Candidate[];
  /**
   * Triggers that the change may fire according to their config. Their automations use a filter that this worker does
   * not have.
   */
  incomplete: readonly Candidate[];
}

/**
 * Creates the component that decides about changes that need a trigger, filter, kind or plugin that this worker does
 * not have. If live workers have something that is missing here, and one of them has all of it and everything else that
 * the change needs, the change is handed over to that worker. Otherwise, if a trigger of an enabled automation or the
 * wait of a run needs what is missing, the change waits while a worker that has it may come back (`Fleet.mayReturn`).
 * In all other cases, the change is routed at once without the missing part, and each trigger that needs it is refused
 * with a reason that says so.
 */
export function createHandover(deps: {
  db: Executor;
  fleet: Fleet;
  index: RoutingIndex;
  log: Logger;
  /** Returns a monotonic time in milliseconds. Default: `performance.now`. */
  now?: () => number;
}): Handover {
  const { db, fleet, index, log, now = () => performance.now() } = deps;
  const missing = createMissingLog(index, log);
  const isNew = createNewTypes(fleet, now);

  return {
    async dwells(changes) {
      const entities = changes.filter(({ hasDwells }) => hasDwells).map(({ change: { kind, id } }) => ({ kind, id }));
      if (index.unknownTriggers().length === 0 || entities.length === 0) return new Map();
      const found = await db.execute<{ kind: string; id: string; automation: string; trigger: string; event: string }>(
        sql`
        select kind, entity_id as id, automation_id as automation, trigger_id as trigger, event from dwells
        where status <> 'idle' and (kind, entity_id) in (
          select r.kind, r.id from jsonb_to_recordset(${JSON.stringify(entities)}::jsonb) as r(kind text, id text))`,
      );
      const byEntity = new Map<string, ActiveDwell[]>();
      for (const row of found.rows) {
        const dwell = { automationId: row.automation, triggerId: row.trigger, event: normalizeEvent(row.event) };
        byEntity.set(entityKey(row), [...(byEntity.get(entityKey(row)) ?? []), dwell]);
      }
      return byEntity;
    },
    async awaitedEvents() {
      const foreign = fleet.foreignEvents();
      return foreign.length === 0 ? [] : awaitedAmong(db, foreign);
    },
    verdict(change, concerns) {
      if (index.unknownTriggers().length === 0 && !fleet.differs()) return ROUTE;
      const { lacking, own, concerned, types } = needsOf({ fleet, index }, change.kind, concerns);
      if (lacking.length === 0) return ROUTE;
      const live = lacking.filter((name) => fleet.isProvidedByOther([name]));
      const needed = [...new Set([...live, ...own])];
      if (live.length > 0 && fleet.isProvidedByOther(needed)) return { type: 'hand-over', names: needed };
      // A missing kind or plugin may derive events. Waiting for it is useful only if a worker with the type of such an
      // event may also come back.
      const areTypesExpected = types.some((event) => fleet.mayReturn(triggerName(event)));
      const expected = lacking.filter(
        (name) => isNew(name) || ((areTypesExpected || filterOf(name) !== undefined) && fleet.mayReturn(name)),
      );
      if (expected.length > 0) {
        missing.reset(expected);
        return { type: 'hold' };
      }
      missing.log([...new Set(concerned.flatMap(namesNeededBy))]);
      return { type: 'route', refusals: concerned.map((unknown) => refusalOf(unknown, change)) };
    },
  };
}

/** Creates a function that logs each missing name once, until `reset` is called with the name. */
function createMissingLog(index: RoutingIndex, log: Logger) {
  const logged = new Set<string>();
  return {
    reset(names: readonly string[]) {
      for (const name of names) logged.delete(name);
    },
    log(names: readonly string[]) {
      for (const name of names) {
        if (logged.has(name)) continue;
        logged.add(name);
        const users = index.unknownTriggers().filter((unknown) => namesNeededBy(unknown).includes(name));
        const automations = [...new Set(users.map(({ automation }) => automation.name))].sort();
        log.warn(
          { missing: name, automations: automations.slice(0, MAX_NAMED), count: automations.length },
          'no worker that could route an event has what automations need; the event is routed without them',
        );
      }
    },
  };
}

/**
 * Creates a function that returns whether a name is a trigger type that no worker has announced and that this worker
 * first needed less than a minute ago.
 */
function createNewTypes(fleet: Fleet, now: () => number): (name: string) => boolean {
  const neededSince = new Map<string, number>();
  return (name) => {
    const event = eventOf(name);
    if (event === undefined || fleet.foreignEvents().includes(event)) {
      neededSince.delete(name);
      return false;
    }
    const since = neededSince.get(name) ?? now();
    neededSince.set(name, since);
    return now() - since < HOLD_SECONDS * 1_000;
  };
}

/** Returns the names that a worker must provide to route a trigger and that this worker does not provide. */
const namesNeededBy = ({ event, filters }: UnknownTrigger): string[] =>
  filters.length === 0 ? [triggerName(event)] : filters.map(filterName);

function refusalOf({ automation, trigger, event, filters }: UnknownTrigger, change: Change): Reason {
  const what = filters.length === 0 ? `trigger ${event}` : `filter ${filters.join(', ')}`;
  const refusal = refused('error', `No worker that could route the change has ${what}.`);
  return { candidate: { automation, trigger }, refusal, changeId: change.changeId, contextKey: subjectOf(change) };
}

/**
 * Returns the names that routing a change requires. `lacking` contains those that this worker does not provide, and
 * `own` those that it provides. `concerned` contains the triggers that need the missing names. `types` contains the
 * events of triggers and waits whose types this worker does not have, whether or not the change concerns them.
 */
function needsOf({ fleet, index }: { fleet: Fleet; index: RoutingIndex }, kind: string, concerns: ChangeConcerns) {
  const { complete, incomplete, awaited } = concerns;
  const dwells = concerns.dwells.map((dwell) => {
    return { ...dwell, unknown: index.unknownTrigger(dwell.automationId, dwell.triggerId) };
  });
  const events = [
    ...concerns.events,
    ...dwells.flatMap(({ event, unknown }) => (unknown?.filters.length === 0 ? [event] : [])),
  ];
  const { lacking, own } = fleet.concerned(kind, events);
  const ofType = index.unknownTriggers().filter(({ filters }) => filters.length === 0);
  const types = [...ofType.map(({ event }) => event), ...awaited];
  const used = new Set(types.map(triggerName));
  // A trigger type matters only if an automation or a wait uses it. A kind or plugin may derive any event.
  const relevant = lacking.filter((name) => eventOf(name) === undefined || used.has(name));
  const direct = events.map(triggerName).filter((name) => used.has(name));
  const missing = [...new Set([...relevant, ...direct])];
  const found = [
    ...incomplete.map(({ automation, trigger }) => index.unknownTrigger(automation.id, trigger.id)),
    ...dwells.map(({ unknown }) => unknown),
  ];
  const ofFilter = [...new Set(found.flatMap((unknown) => (unknown && unknown.filters.length > 0 ? [unknown] : [])))];
  const ownDwells = dwells.filter(({ unknown }) => unknown === undefined);
  const filters = [
    ...complete.map(({ automation: { id } }) => id),
    ...ownDwells.map(({ automationId }) => automationId),
  ];
  return {
    lacking: [...missing, ...new Set(ofFilter.flatMap(namesNeededBy))],
    own: [
      ...own,
      ...ownDwells.map(({ event }) => triggerName(event)),
      ...filters.flatMap((id) => index.ownFiltersOf(id)).map(filterName),
    ],
    concerned: [...concernedBy(ofType, missing), ...ofFilter],
    types,
  };
}

/**
 * Returns the triggers of unknown types that need one of these names. A trigger needs the name of its own type, and the
 * kinds and plugins that share the first part of the type's name.
 */
function concernedBy(unknown: readonly UnknownTrigger[], names: readonly string[]): UnknownTrigger[] {
  const plugins = new Set(names.map((name) => name.slice(name.indexOf(':') + 1).split('.')[0] ?? ''));
  return unknown.filter(({ event }) => names.includes(triggerName(event)) || plugins.has(event.split('.')[0] ?? ''));
}
