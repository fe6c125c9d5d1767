import { uuidV7 } from '../clock';
import { runIdOf } from './run-id';

const from = {
  automationId: '0190f000-0000-7000-8000-000000000001',
  triggerId: 'trigger_1',
  changeId: '0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee',
  occurredAt: new Date('2026-01-01T00:00:00Z'),
};

it('is the same for the same automation, trigger and change, whenever it is derived', () => {
  expect(runIdOf(from)).toBe(runIdOf({ ...from, occurredAt: new Date() }));
});

it('differs if one of the three differs', () => {
  const ids = [
    runIdOf(from),
    runIdOf({ ...from, automationId: '0190f000-0000-7000-8000-000000000002' }),
    runIdOf({ ...from, triggerId: 'trigger_2' }),
    runIdOf({ ...from, changeId: '0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeef' }),
  ];
  expect(new Set(ids).size).toBe(4);
});

it('is a UUID of version 8 that begins with the time of the change', () => {
  expect(runIdOf(from)).toMatch(/^0199aaaa-bbbb-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

it('uses the firing time for a dwell, and the event time for a change id without a time', () => {
  const at = new Date(0x0199cccc1111);
  expect(runIdOf(from, at).slice(0, 13)).toBe('0199cccc-1111');
  const scheduled = { ...from, changeId: '6ba7b810-9dad-51d1-80b4-00c04fd430c8', occurredAt: at };
  expect(runIdOf(scheduled).slice(0, 13)).toBe('0199cccc-1111');
});

it('sorts like the changes, even within one millisecond', () => {
  const changes = Array.from({ length: 200 }, () => uuidV7.next());
  expect([...changes].sort()).toEqual(changes);
  const ids = changes.map((changeId) => runIdOf({ ...from, changeId }));
  expect([...ids].sort()).toEqual(ids);
});
