import type { Actor, Change, Occurrence } from '../../domain/entities/change';
import { normalizeEvent, type Registry } from '../../domain/registry/registry';
import type { TriggerType } from '../../domain/registry/trigger-type';
import type { ResultReads } from '../../integrations/came-from-outside';
import { payloadFindings } from '../../engine/start/named-trigger';

/** The nil UUID, used as the id of the run and of a hypothetical change in a dry run. */
export const NO_ID = '00000000-0000-0000-0000-000000000000';
/** The highest UUID. It sorts after every result of the same instant. */
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** A past or hypothetical event, and the trigger type with which the gates evaluate it. */
export interface DryEvent {
  change: Change;
  occurrence: Occurrence;
  type: TriggerType;
  /** A description of how the payload differs from the trigger's schema. Undefined if it matches. */
  gaps?: string;
  /** Functions with which the gates read check results. */
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
 * Returns an event with the given payload that occurs now, after every change in the log. If the trigger derives its
 * payload from another event, the given payload may have the format of either event.
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
    // The event is hypothetical, so no later change can have overtaken it.
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
 * Returns whether a payload has the format of the trigger itself, as opposed to the format of the event from which the
 * trigger derives its payload. An incomplete payload is treated as the trigger's own, unless the trigger can derive its
 * payload from it.
 */
function isOwnPayload({ type, payload, config }: Given, source: TriggerType | undefined): boolean {
  if (!type.payloadOf || type.payloadSchema.safeParse(payload).success) return true;
  return source?.payloadSchema.safeParse(payload).success !== true && ownPayloadOf(type, payload, config) === null;
}

/**
 * Returns the payload that the trigger derives. Returns null if it derives none or if an error occurs. The config gate
 * reports such errors later.
 */
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

/** Returns the id of the entity that the event is about. The gates use it to find earlier results. */
function subjectOf(type: TriggerType, payload: Record<string, unknown>, config: Record<string, unknown>): string {
  try {
    return type.contextKey?.(payload, config) ?? '';
  } catch {
    return '';
  }
}
