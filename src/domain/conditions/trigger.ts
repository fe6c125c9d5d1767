import type { TriggerCondition } from '../definition/condition';
import type { Scope } from '../expressions/evaluate';
import { ownValue } from '../expressions/plain-data';
import { fails, HOLDS, type Verdict } from './verdict';

/** Returns whether one of these triggers started the run. Returns false for a manual run without a trigger id. */
export function triggerHolds({ trigger }: TriggerCondition, scope: Scope): Verdict {
  const id = ownValue(scope['trigger'], 'id');
  const wanted = [trigger].flat();
  if (typeof id === 'string' && wanted.includes(id)) return HOLDS;
  return fails(
    `The run was started by ${typeof id === 'string' ? `"${id}"` : 'no trigger'}, not by ${wanted.join(' or ')}`,
  );
}
