import { z } from 'zod';
import { createRegistry } from '../domain/registry/registry';
import type { TriggerType } from '../domain/registry/trigger-type';
import { routedAutomation } from './routed-automation';
import { RoutingIndex } from './routing-index';

const trigger = (id: string, more: Partial<TriggerType> = {}): TriggerType => ({
  id,
  displayName: id,
  description: id,
  category: 'test',
  payloadSchema: z.object({}),
  ...more,
});
const registry = createRegistry([
  {
    id: 'automation',
    triggers: [
      trigger('event', {
        routingKey: { ofConfig: ({ type }) => String(type), ofPayload: ({ type }) => String(type) },
      }),
      trigger('any_change'),
    ],
  },
]);

const automation = (id: string, triggers: object[]) =>
  routedAutomation({ id, name: id, group: null, version: 1, enabled: true, definition: { triggers }, steps: [] });
const ids = (index: RoutingIndex, event: string, payload: Record<string, unknown> = {}) =>
  index.candidates(event, payload).map((found) => `${found.automation.id}/${found.trigger.id}`);

describe('the routing index', () => {
  it('finds triggers by event, and by the routing key in their config', () => {
    const index = new RoutingIndex(registry);
    index.set(automation('a', [{ id: 'x', event: 'automation.event', config: { type: 'one' } }]));
    index.set(automation('b', [{ id: 'y', event: 'automation.event', config: { type: 'two' } }]));
    index.set(automation('c', [{ id: 'z', event: 'automation.any_change' }]));
    expect(ids(index, 'automation.event', { type: 'one' })).toEqual(['a/x']);
    expect(ids(index, 'automation.event', { type: 'three' })).toEqual([]);
    expect(ids(index, 'automation.any_change')).toEqual(['c/z']);
    expect(ids(index, 'automation.unheard')).toEqual([]);
  });

  it('reads dots inside the name of an event as underscores', () => {
    const index = new RoutingIndex(registry);
    index.set(automation('c', [{ id: 'z', event: 'automation.any.change' }]));
    expect(ids(index, 'automation.any_change')).toEqual(['c/z']);
  });

  it('replaces and removes the triggers of an automation', () => {
    const index = new RoutingIndex(registry);
    index.set(automation('a', [{ id: 'x', event: 'automation.event', config: { type: 'one' } }]));
    index.set(automation('a', [{ id: 'x', event: 'automation.event', config: { type: 'two' } }]));
    expect(ids(index, 'automation.event', { type: 'one' })).toEqual([]);
    expect(ids(index, 'automation.event', { type: 'two' })).toEqual(['a/x']);
    index.remove('a');
    expect(ids(index, 'automation.event', { type: 'two' })).toEqual([]);
    expect(index.listensTo('automation.event')).toBe(false);
  });

  it('omits disabled triggers and unknown events', () => {
    const index = new RoutingIndex(registry);
    index.set(
      automation('a', [
        { id: 'x', event: 'automation.any_change', enabled: false },
        { id: 'y', event: 'gone.event' },
      ]),
    );
    expect(ids(index, 'automation.any_change')).toEqual([]);
    expect(index.size).toBe(1);
  });

  it('keeps triggers separately if their automation uses a missing filter, including by routing key', () => {
    const index = new RoutingIndex(registry, ({ id }) => ({
      own: id === 'b' ? ['knots'] : [],
      lacking: id === 'a' ? ['beaufort'] : [],
    }));
    index.set(automation('a', [{ id: 'x', event: 'automation.event', config: { type: 'one' } }]));
    index.set(automation('b', [{ id: 'y', event: 'automation.event', config: { type: 'one' } }]));
    const incomplete = (type: string) =>
      index.incompleteCandidates('automation.event', { type }).map(({ automation: { id } }) => id);
    expect(ids(index, 'automation.event', { type: 'one' })).toEqual(['b/y']);
    expect([incomplete('one'), incomplete('two')]).toEqual([['a'], []]);
    expect([index.find('a', 'x'), index.findIncomplete('b', 'y')]).toEqual([undefined, undefined]);
    expect(index.findIncomplete('a', 'x')?.trigger.id).toBe('x');
    expect(index.unknownTrigger('a', 'x')).toMatchObject({ event: 'automation.event', filters: ['beaufort'] });
    expect([index.ownFiltersOf('a'), index.ownFiltersOf('b')]).toEqual([[], ['knots']]);
    expect([index.lacking('a', 'x'), index.lacking('b', 'y')]).toEqual([['filter:beaufort'], null]);
    for (const id of ['a', 'b']) index.remove(id);
    expect([incomplete('one'), index.findIncomplete('a', 'x')]).toEqual([[], undefined]);
    expect(index.ownFiltersOf('b')).toEqual([]);
  });

  it('returns the trigger types that a dwell needs and this process lacks', () => {
    const index = new RoutingIndex(registry);
    index.set(automation('a', [{ id: 'x', event: 'gone.storm.started' }]));
    expect(index.lacking('a', 'x')).toEqual(['trigger:gone.storm_started']);
    expect(index.lacking('a', 'other')).toBeNull();
    index.setUnreadable('a');
    const found = [index.lacking('a', 'x'), index.find('a', 'x'), index.unknownTrigger('a', 'x')];
    expect(found).toEqual([[], undefined, undefined]);
    index.set(automation('a', [{ id: 'x', event: 'automation.event' }]));
    expect(index.lacking('a', 'x')).toBeNull();
  });
});
