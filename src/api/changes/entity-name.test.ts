import type { Change } from '../../domain/entities/change';
import { nameOfChange, nameOfEntity } from './entity-name';

test('the name of an alert consists of its alertname and at most three important labels', () => {
  const labels = { alertname: 'DiskFull', severity: 'critical', instance: 'db-1', zone: 'a', job: 'node' };
  expect(nameOfEntity('alert', { name: 'DiskFull', labels })).toBe(
    'DiskFull {instance="db-1", job="node", severity="critical"}',
  );
  expect(nameOfEntity('alert', { name: 'DiskFull', labels: { alertname: 'DiskFull' } })).toBe('DiskFull');
  expect(nameOfEntity('alert', { name: null, labels: { zone: 'a', app: 'shop' } })).toBe('{app="shop", zone="a"}');
  expect(nameOfEntity('alert', { name: null, labels: {} })).toBeNull();
});

test('the name of another entity is its title, its name or the name of its system; an event has no name', () => {
  const base = { changeId: 'c', seq: 1, id: 'e', occurredAt: new Date(0), actor: { type: 'user' as const, id: 'u' } };
  const entity = (kind: string, next: Record<string, unknown> | null, prev = next, context = {}): Change => ({
    ...{ ...base, kind, shape: 'entity', prev, next, delta: {}, changedFields: [], causedBy: null, depth: 0, context },
  });
  expect(nameOfChange(entity('incident', { title: 'Checkout is down' }))).toBe('Checkout is down');
  expect(nameOfChange(entity('incident', null, { title: 'Checkout was down' }))).toBe('Checkout was down');
  expect(nameOfChange(entity('health', { status: 'healthy' }, null, { systemName: 'Checkout' }))).toBe('Checkout');
  expect(nameOfChange(entity('pump', { status: 'on' }))).toBeNull();
  const event = { ...base, kind: 'automation.event', shape: 'event' as const, event: 'automation.event' };
  expect(nameOfChange({ ...event, payload: { name: 'x' }, causedBy: null, depth: 0 })).toBeNull();
});
