import type { Change, Occurrence } from './change';
import { messageOf } from '../errors';
import type { Registry } from '../registry/registry';

/** The event that every entity change causes, in addition to the events of its kind. */
const ENTITY_CHANGED = 'automation.entity_changed';

/**
 * Returns the events of a change. For an event, these are the event itself and the events derived from it. For an
 * entity change, they are `automation.entity_changed` and the events that its kind derives. If a deriver throws, the
 * error is reported, and the change itself is still routed.
 */
export function occurrencesOf(
  change: Change,
  registry: Registry,
  onDeriverError: (message: string) => void,
): Occurrence[] {
  if (change.shape === 'event') {
    const { event, payload } = change;
    return [{ event, payload }, ...registry.readersOf(event).map((reader) => ({ event: reader, payload }))];
  }
  const { kind, id, prev, next, delta, changedFields } = change;
  const tryTo = <T>(what: () => T, otherwise: T): T => {
    try {
      return what();
    } catch (error) {
      onDeriverError(messageOf(error));
      return otherwise;
    }
  };
  const own = tryTo(() => registry.payloadMapper(kind)?.(change) ?? {}, {});
  const payload = { ...own, kind, id, prev, next, delta, changedFields };
  const derived = registry.derivers(kind).flatMap((derive) => tryTo(() => derive(change), []));
  return [{ event: ENTITY_CHANGED, payload }, ...derived];
}
