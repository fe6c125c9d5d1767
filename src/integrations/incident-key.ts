import { sha256 } from '../domain/sha256';

interface Subject {
  trigger: unknown;
  contextKey: string | null;
  artifacts: Readonly<Record<string, unknown>>;
  idempotencyKey: string;
}

/**
 * Returns the key that identifies a run's incident in a pager, so that triggering twice updates the same incident and
 * resolving finds it. The key is the first of these that exists: the trigger's alert, the trigger's incident, an
 * incident that an earlier step opened, the context key, the idempotency key of the step.
 */
export function incidentKeyOf({ trigger, contextKey, artifacts, idempotencyKey }: Subject): string {
  const payload = fieldOf(trigger, 'payload');
  const opened = Object.values(artifacts).flatMap((step) => fieldOf(fieldOf(step, 'incident'), 'incidentId') ?? []);
  const candidates = [fieldOf(payload, 'fingerprint'), fieldOf(payload, 'incidentId'), opened[0], contextKey];
  return candidates.find((one): one is string => typeof one === 'string' && one !== '') ?? idempotencyKey;
}

/** Returns a key, or its hash if the key exceeds a vendor's limit. Truncation could make two long keys equal. */
export function boundedKey(key: string, characters: number): string {
  return key.length <= characters ? key : sha256(key);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
