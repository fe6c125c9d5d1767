import type { WaitForTriggerAction } from './action';
import { deriveTriggerId } from './trigger-ids';

type Rule = WaitForTriggerAction['wait_for_trigger'];

/** An event that may end a `wait_for_trigger`. */
export type AwaitedEvent = Pick<Extract<Rule, { event: string }>, 'event' | 'config' | 'filter' | 'context_key'> & {
  /**
   * Value of `wait.trigger.id`. Default for a wait with a single event: the event. Default in a list: the event
   * converted to an id (`automation_event`).
   */
  id: string;
};

/** Returns the events that may end a wait, in document order. The first event that matches a change ends the wait. */
export function awaitedEvents(rule: Rule): AwaitedEvent[] {
  if (!('triggers' in rule)) return [{ ...rule, id: rule.id ?? rule.event }];
  return rule.triggers.map((each) => ({ ...each, id: each.id ?? deriveTriggerId(each.event) }));
}
