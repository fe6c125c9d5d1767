import { isPlainObject, ownValue } from './plain-data';

/**
 * Returns the system of `health.system`: the context key, else `payload.systemId`, else `payload.systemIds[0]`, else
 * null. Runs of alerts have a fingerprint or a group as context key, so only the payload counts for them.
 */
export function systemOfRun(contextKey: string | null | undefined, payload: unknown): string | null {
  const own = isAlert(payload) ? null : contextKey;
  const candidates = [own, ownValue(payload, 'systemId'), ownValue(ownValue(payload, 'systemIds'), 0)];
  return candidates.find((id): id is string => typeof id === 'string' && id !== '') ?? null;
}

/** Returns whether a trigger's payload is that of an alert. */
export function isAlert(payload: unknown): boolean {
  return typeof ownValue(payload, 'fingerprint') === 'string' && isPlainObject(ownValue(payload, 'labels'));
}
