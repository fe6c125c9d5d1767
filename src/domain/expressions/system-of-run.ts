import { isPlainObject, ownValue } from './plain-data';

/**
 * Payload fields whose value, if it is the context key, identifies something that covers systems and is not itself a
 * system.
 */
const COVERS_SYSTEMS = ['incidentId', 'maintenanceId'] as const;

/**
 * Returns the system that `health.system` refers to: the context key, otherwise `payload.systemId`, otherwise
 * `payload.systemIds[0]`, otherwise null. The context key of an alert (a fingerprint or a group), of an incident or of
 * a maintenance is not a system, so only the payload is used for such runs.
 */
export function systemOfRun(contextKey: string | null | undefined, payload: unknown): string | null {
  const isOther = isAlert(payload) || COVERS_SYSTEMS.some((field) => ownValue(payload, field) === (contextKey ?? null));
  const own = isOther ? null : contextKey;
  const candidates = [own, ownValue(payload, 'systemId'), ownValue(ownValue(payload, 'systemIds'), 0)];
  return candidates.find((id): id is string => typeof id === 'string' && id !== '') ?? null;
}

/** Returns whether a trigger's payload is about an alert. */
export function isAlert(payload: unknown): boolean {
  return typeof ownValue(payload, 'fingerprint') === 'string' && isPlainObject(ownValue(payload, 'labels'));
}
