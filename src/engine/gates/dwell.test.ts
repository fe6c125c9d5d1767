import { inArmingOrder } from './dwell';
import type { EnteredCandidate } from './gates';

const arrival = (automationId: string, triggerId: string, contextKey: string | null) =>
  ({
    candidate: { automation: { id: automationId }, trigger: { id: triggerId } },
    scope: { facts: { contextKey } },
  }) as unknown as EnteredCandidate;

const keysOf = (arrivals: readonly EnteredCandidate[]) =>
  inArmingOrder(arrivals).map(({ candidate, scope }) =>
    [candidate.automation.id, candidate.trigger.id, scope.facts.contextKey].join(' '),
  );

it('arms dwells of the same keys in the same order for every order of the changes', () => {
  const arrivals = [arrival('b', 't', 'k1'), arrival('a', 't', 'k2'), arrival('a', 't', 'k1'), arrival('a', 's', null)];
  const sorted = ['a s ', 'a t k1', 'a t k2', 'b t k1'];
  expect(keysOf(arrivals)).toEqual(sorted);
  expect(keysOf(arrivals.toReversed())).toEqual(sorted);
});
