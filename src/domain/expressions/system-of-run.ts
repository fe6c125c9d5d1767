import { ownValue } from './plain-data';

/** The system that `health.system` means: the context key, else `payload.systemId`, else `payload.systemIds[0]`, else null. */
export function systemOfRun(contextKey: string | null | undefined, payload: unknown): string | null {
  const candidates = [contextKey, ownValue(payload, 'systemId'), ownValue(ownValue(payload, 'systemIds'), 0)];
  return candidates.find((id): id is string => typeof id === 'string' && id !== '') ?? null;
}
