import { isPlainObject, ownValue } from './plain-data';

/**
 * Returns the system that `health.system` refers to: the context key, otherwise `payload.systemId`, otherwise
 * `payload.systemIds[0]`, otherwise null. The context key of a run of an alert is a fingerprint or a group, so only the
 * payload is used for such runs.
 */
export function systemOfRun(contextKey: string | null | undefined, payload: unknown): string | null {
  const own = isAlert(payload) ? null : contextKey;
  const candidates = [own, ownValue(payload, 'systemId'), ownValue(ownValue(payload, 'systemIds'), 0)];
  return candidates.find((id): id is string => typeof id === 'string' && id !== '') ?? null;
}

/** Returns whether a trigger's payload is about an alert. */
export function isAlert(payload: unknown): boolean {
  return typeof ownValue(payload, 'fingerprint') === 'string' && isPlainObject(ownValue(payload, 'labels'));
}
