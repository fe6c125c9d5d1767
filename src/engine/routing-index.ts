import type { PluginFilters } from '../domain/definition/filters-lacking';
import { filterName, triggerName } from '../domain/registry/knowledge';
import { normalizeEvent, type Registry } from '../domain/registry/registry';
import type { TriggerType } from '../domain/registry/trigger-type';
import type { RoutedAutomation, RoutedTrigger } from './routed-automation';

/** An automation's trigger that an event could fire. */
export interface Candidate {
  automation: RoutedAutomation;
  trigger: RoutedTrigger;
  type: TriggerType;
}

/**
 * An enabled trigger that this process cannot route, because the process lacks the plugin with the trigger's type, or a
 * filter of its automation.
 */
export interface UnknownTrigger {
  automation: RoutedAutomation;
  trigger: RoutedTrigger;
  /** The normalized name of the trigger's event. */
  event: string;
  /** Missing filters; empty when the type of the trigger is missing. */
  filters: readonly string[];
}

const NO_FILTERS: PluginFilters = { own: [], lacking: [] };

/** The triggers for one event, grouped by routing key. `any` contains the candidates for every payload. */
interface EventCandidates {
  byKey: Map<string, Map<string, Candidate>>;
  any: Map<string, Candidate>;
}

/**
 * Finds the triggers that an event may concern. Lookups read only memory, and their cost does not grow with the number
 * of automations for other events.
 */
export class RoutingIndex {
  private readonly events = new Map<string, EventCandidates>();
  /** Triggers that are disabled, or whose automations are disabled. */
  private readonly disabled = new Map<string, EventCandidates>();
  /** Enabled triggers with a type that this process has, in automations that use a filter that it does not have. */
  private readonly incomplete = new Map<string, EventCandidates>();
  /** For each automation, the functions that remove its entries. */
  private readonly entries = new Map<string, (() => void)[]>();
  /** Entries of `events`, by automation and trigger id. */
  private readonly byName = new Map<string, Candidate>();
  /** Entries of `incomplete`, by automation and trigger id. */
  private readonly incompleteByName = new Map<string, Candidate>();
  /** Enabled triggers that this process cannot route, by automation and trigger id. */
  private readonly unknown = new Map<string, UnknownTrigger>();
  /** Plugin filters that this process has, by the id of the automation that uses them. */
  private readonly ownFilters = new Map<string, readonly string[]>();
  /** Ids of automations whose stored definitions this process cannot read. */
  private readonly unreadable = new Set<string>();

  constructor(
    private readonly registry: Registry,
    private readonly filtersOf: (automation: RoutedAutomation) => PluginFilters = () => NO_FILTERS,
  ) {}

  /** Returns the number of automations in the index. */
  get size(): number {
    return this.entries.size;
  }

  /** Adds an automation, or replaces its entries. */
  set(automation: RoutedAutomation): void {
    this.remove(automation.id);
    const removers: (() => void)[] = [];
    // Set first, so that `remove` also removes the entries of an automation that could be added only in part.
    this.entries.set(automation.id, removers);
    const { own, lacking } = automation.enabled ? this.filtersOf(automation) : NO_FILTERS;
    if (own.length > 0) this.ownFilters.set(automation.id, own);
    for (const trigger of automation.triggers) {
      const type = this.registry.trigger(trigger.event);
      if (!type || lacking.length > 0) {
        const filters = type ? lacking : [];
        const unknown = { automation, trigger, event: normalizeEvent(trigger.event), filters };
        const isLive = automation.enabled && trigger.enabled;
        if (isLive) removers.push(this.addUnknown(unknown));
        if (isLive && type) removers.push(addTo(this.incomplete, this.incompleteByName, { automation, trigger, type }));
        continue;
      }
      removers.push(this.add({ automation, trigger, type }));
    }
  }

  remove(automationId: string): void {
    for (const remove of this.entries.get(automationId) ?? []) remove();
    this.entries.delete(automationId);
    this.ownFilters.delete(automationId);
    this.unreadable.delete(automationId);
  }

  /**
   * Removes the entries of an automation that this process cannot read, for example because a newer release wrote it or
   * because the plugin with a trigger's type throws an error, and records it as unreadable.
   */
  setUnreadable(automationId: string): void {
    this.remove(automationId);
    this.unreadable.add(automationId);
  }

  /** Returns the candidates for an event, in no particular order. */
  candidates(event: string, payload: Record<string, unknown>): Candidate[] {
    return this.lookUp(this.events, event, payload);
  }

  /** Returns the triggers that would be candidates if they were enabled. */
  disabledCandidates(event: string, payload: Record<string, unknown>): Candidate[] {
    return this.disabled.size === 0 ? [] : this.lookUp(this.disabled, event, payload);
  }

  /** Returns the triggers that would be candidates if this process had the filters of their automations. */
  incompleteCandidates(event: string, payload: Record<string, unknown>): Candidate[] {
    return this.incomplete.size === 0 ? [] : this.lookUp(this.incomplete, event, payload);
  }

  private lookUp(events: Map<string, EventCandidates>, event: string, payload: Record<string, unknown>): Candidate[] {
    const bucket = events.get(event);
    if (!bucket) return [];
    const found = [...bucket.any.values()];
    if (bucket.byKey.size > 0) {
      const key = this.registry.trigger(event)?.routingKey?.ofPayload(payload);
      if (key !== undefined) found.push(...(bucket.byKey.get(key)?.values() ?? []));
    }
    return found;
  }

  /** Returns an enabled trigger of an enabled automation, or undefined. */
  find(automationId: string, triggerId: string): Candidate | undefined {
    return this.byName.get(nameOf(automationId, triggerId));
  }

  /**
   * Like `find`, but for a trigger whose automation uses a filter that this process does not have. Returns undefined
   * for any other trigger.
   */
  findIncomplete(automationId: string, triggerId: string): Candidate | undefined {
    return this.incompleteByName.get(nameOf(automationId, triggerId));
  }

  /** Returns whether any enabled trigger that this process can route has this event. */
  listensTo(event: string): boolean {
    return this.events.has(event);
  }

  /** Returns the enabled triggers that this process cannot route. Other workers may be able to. */
  unknownTriggers(): readonly UnknownTrigger[] {
    return this.unknown.size === 0 ? [] : [...this.unknown.values()];
  }

  /** Returns an enabled trigger that this process cannot route, or undefined. */
  unknownTrigger(automationId: string, triggerId: string): UnknownTrigger | undefined {
    return this.unknown.get(nameOf(automationId, triggerId));
  }

  /** Returns the plugin filters that an enabled automation uses and this process has. */
  ownFiltersOf(automationId: string): readonly string[] {
    return this.ownFilters.get(automationId) ?? [];
  }

  /**
   * Returns the names that firing a trigger's dwells requires and this process lacks, or null when it lacks none. The
   * list is empty when the process cannot read the definition of the automation.
   */
  lacking(automationId: string, triggerId: string): readonly string[] | null {
    if (this.unreadable.has(automationId)) return [];
    const unknown = this.unknownTrigger(automationId, triggerId);
    if (unknown === undefined) return null;
    const { event, filters } = unknown;
    return filters.length > 0 ? filters.map(filterName) : [triggerName(event)];
  }

  private addUnknown(unknown: UnknownTrigger): () => void {
    const name = nameOf(unknown.automation.id, unknown.trigger.id);
    this.unknown.set(name, unknown);
    return () => this.unknown.delete(name);
  }

  private add(candidate: Candidate): () => void {
    const isLive = candidate.automation.enabled && candidate.trigger.enabled;
    return isLive ? addTo(this.events, this.byName, candidate) : addTo(this.disabled, null, candidate);
  }
}

/** Adds a candidate under its event and routing key, and under its name. Returns a function that removes it. */
function addTo(
  events: Map<string, EventCandidates>,
  byName: Map<string, Candidate> | null,
  candidate: Candidate,
): () => void {
  const event = normalizeEvent(candidate.trigger.event);
  const bucket = events.get(event) ?? { byKey: new Map(), any: new Map() };
  events.set(event, bucket);
  const key = candidate.type.routingKey?.ofConfig(candidate.trigger.config) ?? null;
  const entries = key === null ? bucket.any : (bucket.byKey.get(key) ?? new Map<string, Candidate>());
  if (key !== null) bucket.byKey.set(key, entries);
  const name = nameOf(candidate.automation.id, candidate.trigger.id);
  entries.set(name, candidate);
  byName?.set(name, candidate);
  return () => {
    entries.delete(name);
    byName?.delete(name);
    if (key !== null && entries.size === 0) bucket.byKey.delete(key);
    if (bucket.any.size === 0 && bucket.byKey.size === 0) events.delete(event);
  };
}

const nameOf = (automationId: string, triggerId: string): string => `${automationId}/${triggerId}`;
