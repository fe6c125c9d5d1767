import type { Executor } from '../../db/executor';
import { findSuppression, type Suppression } from '../../db/suppression';
import { isPlainObject, ownValue } from '../../domain/expressions/plain-data';
import { isAlert } from '../../domain/expressions/system-of-run';

/**
 * Returns what suppresses the notifications of a run, or null. The run's systems are taken from the first of three
 * sources that names an existing system: the context key (unless an alert started the run), `systemId` in the trigger's
 * payload, and `systemIds` in the trigger's payload. Systems that do not exist are ignored.
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
