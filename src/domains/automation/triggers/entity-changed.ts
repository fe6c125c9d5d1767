import { z } from 'zod';
import { ownField, sameJson } from '../../../domain/entities/diff';
import type { ConfigComparison, TriggerType } from '../../../domain/registry/trigger-type';

const State = z.record(z.string(), z.unknown());

const Payload = z.looseObject({
  kind: z.string(),
  id: z.string(),
  prev: State.nullable(),
  next: State.nullable(),
  delta: State,
  changedFields: z.array(z.string()),
});

const Config = z
  .strictObject({
    kind: z.string().min(1).meta({ 'x-entity-kind': true }),
    id: z.string().min(1).optional(),
    /** A field of the state. Dots separate the names of nested fields. */
    field: z.string().min(1).optional(),
    /** The value before the change, or a list of accepted values; null also matches an absent field. */
    from: z.unknown().optional(),
    /** The value after the change, in the same forms as `from`. */
    to: z.unknown().optional(),
  })
  .refine((config) => config.field !== undefined || (config.from === undefined && config.to === undefined), {
    path: ['field'],
    message: '"from" and "to" require "field"',
  });

/**
 * Returns the value of a field, or null when it is absent. The name is looked up as an exact key first, and then with
 * its dots as a path.
 */
function read(state: unknown, field: string): unknown {
  if (typeof state !== 'object' || state === null) return null;
  if (Object.hasOwn(state, field)) return ownField(state, field) ?? null;
  let value: unknown = state;
  for (const key of field.split('.')) value = typeof value === 'object' ? ownField(value, key) : undefined;
  return value ?? null;
}

function matches(wanted: unknown, value: unknown): boolean {
  return sameJson(wanted, value) || (Array.isArray(wanted) && wanted.some((one) => sameJson(one, value)));
}

function evaluateConfig(payload: Record<string, unknown>, raw: Record<string, unknown>): boolean {
  const config = Config.parse(raw);
  if (payload.kind !== config.kind || (config.id !== undefined && payload.id !== config.id)) return false;
  if (config.field === undefined) return true;
  const [before, after] = [read(payload.prev, config.field), read(payload.next, config.field)];
  if (sameJson(before, after)) return false;
  if (config.from !== undefined && !matches(config.from, before)) return false;
  return config.to === undefined || matches(config.to, after);
}

/**
 * Returns the part of the config that rejected a change: the first of `id`, `field`, `from` and `to` that does not
 * match. `field` rejects a change in which the field kept its value. Returns undefined if the id matches and the config
 * names no field. Call it only when the config does not match.
 */
function mismatch(payload: Record<string, unknown>, raw: Record<string, unknown>): ConfigComparison | undefined {
  const { id, field, from, to } = Config.parse(raw);
  if (id !== undefined && payload.id !== id) return { path: 'id', expression: 'id', found: payload.id, wanted: id };
  if (field === undefined) return undefined;
  const [before, after] = [read(payload.prev, field), read(payload.next, field)];
  const expression = `next.${field}`;
  if (sameJson(before, after)) return { path: 'field', expression, found: after, wanted: { '!=': before } };
  if (from !== undefined && !matches(from, before)) {
    return { path: 'from', expression: `prev.${field}`, found: before, wanted: from };
  }
  return { path: 'to', expression, found: after, wanted: to };
}

/** Returns `id`, `from` and `to` with the values of a change that the config matches. */
function matched(payload: Record<string, unknown>, raw: Record<string, unknown>): ConfigComparison[] {
  const { id, field, from, to } = Config.parse(raw);
  const parts: ConfigComparison[] = [];
  if (id !== undefined) parts.push({ path: 'id', expression: 'id', found: payload.id, wanted: id });
  if (field === undefined) return parts;
  const [before, after] = [read(payload.prev, field), read(payload.next, field)];
  if (from !== undefined) parts.push({ path: 'from', expression: `prev.${field}`, found: before, wanted: from });
  if (to !== undefined) parts.push({ path: 'to', expression: `next.${field}`, found: after, wanted: to });
  else parts.push({ path: 'field', expression: `next.${field}`, found: after, wanted: { '!=': before } });
  return parts;
}

/** Fires for any change of any entity. The dispatcher derives this event from each change row of an entity. */
export const entityChangedTrigger: TriggerType = {
  id: 'entity_changed',
  displayName: 'Entity changed',
  description: 'The state of an entity was created, changed or removed.',
  category: 'Automation',
  payloadSchema: Payload,
  configSchema: Config,
  contextKey: (payload) => String(payload.id),
  contextKeyLabel: 'entity',
  evaluateConfig,
  mismatch,
  matched,
  routingKey: {
    ofConfig: (config) => (typeof config.kind === 'string' ? config.kind : null),
    ofPayload: (payload) => String(payload.kind),
  },
  holds: {
    entity: (payload) => ({ kind: String(payload.kind), id: String(payload.id) }),
    refuses({ field, to }) {
      if (typeof field !== 'string' || to === undefined) return 'set "field" and "to" to name the value that must hold';
      return field.includes('.') ? `only top-level fields have a history, and "${field}" is inside one` : undefined;
    },
    test(state, _payload, config) {
      if (state === null) return false;
      if (config.to === undefined || typeof config.field !== 'string') return undefined;
      const value = read(state, config.field);
      // If the field is absent and the config does not accept null, it is unknown whether the cause still holds.
      return matches(config.to, value) || (value === null ? undefined : false);
    },
  },
};
