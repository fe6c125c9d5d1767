import type { Scope } from './evaluate';
import { isPlainObject, ownValue, type PlainObject } from './plain-data';

function triggerWithAlias(trigger: unknown): unknown {
  if (!isPlainObject(trigger) || Object.hasOwn(trigger, 'eventId')) return trigger;
  return { ...trigger, eventId: trigger['event'] };
}

function wakingPayload(wait: PlainObject): unknown {
  const event = ownValue(wait, 'trigger');
  return isPlainObject(event) && Object.hasOwn(event, 'payload') ? ownValue(event, 'payload') : event;
}

/**
 * Returns a scope with aliases: `vars` and `var` for `variables`, `trigger.eventId` for `trigger.event`, and
 * `resume.payload` for the payload of the event that ended a wait. Copies only the objects that get an alias, and only
 * one level of them.
 */
export function withAliases(scope: Scope): Scope {
  const aliased: Record<string, unknown> = { ...scope };
  if (Object.hasOwn(scope, 'variables')) {
    aliased['vars'] = scope['variables'];
    aliased['var'] = scope['variables'];
  }
  if (Object.hasOwn(scope, 'trigger')) aliased['trigger'] = triggerWithAlias(scope['trigger']);
  if (isPlainObject(scope['wait'])) aliased['resume'] = { payload: wakingPayload(scope['wait']) };
  return aliased;
}
