import type { WaitForTriggerAction } from './action';
import { deriveTriggerId } from './trigger-ids';

type Rule = WaitForTriggerAction['wait_for_trigger'];

/** One event that may end a `wait_for_trigger`. */
export type AwaitedEvent = Pick<Extract<Rule, { event: string }>, 'event' | 'config' | 'filter' | 'context_key'> & {
  /** `wait.trigger.id`. Default: the event for a single one, in a list the event as an id (`automation_event`). */
  id: string;
};

/** Returns the events that may end a wait, in the order of the document; the first that matches a change ends it. */
export function awaitedEvents(rule: Rule): AwaitedEvent[] {
  if (!('triggers' in rule)) return [{ ...rule, id: rule.id ?? rule.event }];
  return rule.triggers.map((each) => ({ ...each, id: each.id ?? deriveTriggerId(each.event) }));
}
