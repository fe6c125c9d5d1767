import type { Actor, Change, Occurrence } from '../../domain/entities/change';
import { normalizeEvent, type Registry } from '../../domain/registry/registry';
import type { TriggerType } from '../../domain/registry/trigger-type';
import type { ResultReads } from '../../integrations/came-from-outside';
import { payloadFindings } from '../../engine/start/named-trigger';

/** The nil UUID: the id of the automation and the run in a dry run. */
export const NO_ID = '00000000-0000-0000-0000-000000000000';
/** The highest UUID, which sorts after every result of the same instant. */
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** An event that was routed, or could have been, with the trigger type that its gates use. */
export interface DryEvent {
  change: Change;
  occurrence: Occurrence;
  type: TriggerType;
  /** Fields of the trigger's events that the payload does not have; undefined = none. */
  gaps?: string;
  /** How the gates read results of checks. */
  results: ResultReads;
}

interface Given {
  event: string;
  config: Record<string, unknown>;
  type: TriggerType;
  payload: Record<string, unknown>;
  actor: Actor;
  now: Date;
}

/**
 * Returns the event for a payload, as if it occurred now: after every change in the log. The payload is that of the
 * trigger or, for a trigger that reads the events of another one, that of the other event.
 */
export function eventOf(registry: Registry, given: Given, reads: ResultReads): DryEvent {
  const { event, config, payload, now } = given;
  const source = given.type.source === undefined ? undefined : registry.trigger(given.type.source);
  const type = isOwnPayload(given, source) ? withOwnPayload(given.type) : given.type;
  const own = ownPayloadOf(type, payload, config);
  const gaps = own === null ? [] : payloadFindings(type, own);
  return {
    change: changeOf(given, own ?? payload),
    occurrence: { event: normalizeEvent(event), payload },
    type,
    ...(gaps.length > 0 && {
      gaps: `Events of ${event} look different: ${gaps.map(({ path, message }) => `${path}: ${message}`).join('; ')}`,
    }),
    // The event does not exist, so no later change can have overtaken it.
    results: {
      ...reads,
      earlierResults: (db, systemId, _before, limit) =>
        reads.earlierResults(db, systemId, { at: now, id: LAST_ID }, limit),
      overtakingResults: () => Promise.resolve([]),
    },
  };
}

/** Returns the trigger type with a fixed context key. */
export function withContextKey(type: TriggerType, key: string): TriggerType {
  return Object.assign(Object.create(type) as TriggerType, { contextKey: () => key });
}

const withOwnPayload = (type: TriggerType): TriggerType =>
  Object.assign(Object.create(type) as TriggerType, { payloadOf: (payload: Record<string, unknown>) => payload });

/**
 * Returns whether a payload is one of the trigger itself. An incomplete payload is, unless the trigger can read it as a
 * payload of its source.
 */
function isOwnPayload({ type, payload, config }: Given, source: TriggerType | undefined): boolean {
  if (!type.payloadOf || type.payloadSchema.safeParse(payload).success) return true;
  return source?.payloadSchema.safeParse(payload).success !== true && ownPayloadOf(type, payload, config) === null;
}

/** Returns the payload that the trigger derives; null = none, or an error, which the config gate reports. */
function ownPayloadOf(type: TriggerType, payload: Record<string, unknown>, config: Record<string, unknown>) {
  try {
    return type.payloadOf ? type.payloadOf(payload, config) : payload;
  } catch {
    return null;
  }
}

function changeOf({ event, type, config, actor, now }: Given, payload: Record<string, unknown>): Change {
  const cause = { actor, causedBy: null, depth: 0, changeId: NO_ID, seq: Number.MAX_SAFE_INTEGER, occurredAt: now };
  const { kind, id, prev = null, next = null, delta = {}, changedFields = [] } = payload;
  if (normalizeEvent(event) === 'automation.entity_changed' && typeof kind === 'string' && typeof id === 'string') {
    const states = { prev, next, delta, changedFields } as Pick<Extract<Change, { shape: 'entity' }>, 'prev' | 'next'>;
    return { ...cause, shape: 'entity', kind, id, delta: {}, changedFields: [], ...states };
  }
  return { ...cause, shape: 'event', kind: event, id: subjectOf(type, payload, config), event, payload };
}

/** Returns the entity of the event, by which the gates find earlier results. */
function subjectOf(type: TriggerType, payload: Record<string, unknown>, config: Record<string, unknown>): string {
  try {
    return type.contextKey?.(payload, config) ?? '';
  } catch {
    return '';
  }
}
