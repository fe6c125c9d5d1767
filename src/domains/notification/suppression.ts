import type { Executor } from '../../db/executor';
import { findSuppression, type Suppression } from '../../db/suppression';
import { isPlainObject, ownValue } from '../../domain/expressions/plain-data';
import { isAlert } from '../../domain/expressions/system-of-run';

/**
 * Returns what suppresses the notifications of a run, or null. The systems of the run are those that its context key
 * names (unless an alert started it), otherwise `systemId` or else `systemIds` in the trigger's payload; names of
 * systems that do not exist are skipped.
 */
export function suppressionOf(
  db: Executor,
  contextKey: string | null,
  trigger: unknown,
  now: Date,
): Promise<Suppression | null> {
  const payload = isPlainObject(trigger) ? ownValue(trigger, 'payload') : undefined;
  const many = ownValue(payload, 'systemIds');
  const candidates = [
    isAlert(payload) ? [] : [contextKey],
    [ownValue(payload, 'systemId')],
    Array.isArray(many) ? (many as unknown[]) : [],
  ];
  const texts = candidates.map((ids) => ids.filter((id): id is string => typeof id === 'string'));
  return findSuppression(db, texts, now);
}
