import { runIdOf } from '../run/run-id';
import { changeIdOf } from './change-id';

describe('the id of a change for an identified event', () => {
  const now = new Date('2026-11-28T12:00:00Z');
  const time = new Date('2026-11-28T11:59:00.123Z');

  it('is the same whenever the event is accepted, and sorts by the time of the event', () => {
    const id = changeIdOf('source/1', time, now);
    expect(changeIdOf('source/1', time, new Date('2026-11-28T18:00:00Z'))).toBe(id);
    expect(changeIdOf('source/2', time, now)).not.toBe(id);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseInt((id ?? '').replace('-', '').slice(0, 12), 16)).toBe(time.getTime());
  });

  it('gives the resulting runs the same ids, regardless of the time of arrival', () => {
    const of = (at: string) =>
      runIdOf({
        ...{ automationId: 'a', triggerId: 't', occurredAt: new Date(at) },
        changeId: changeIdOf('source/1', time, new Date(at)) ?? '',
      });
    expect(of('2026-11-28T12:00:00Z')).toBe(of('2026-11-28T13:00:00Z'));
  });

  it.each([
    ['no time', undefined],
    ['a time of more than a day ago', new Date('2026-11-27T11:59:59Z')],
    ['a time in the future', new Date('2026-11-28T12:01:01Z')],
    ['an invalid time', new Date('never')],
  ])('is not derived from %s', (_name, given) => {
    expect(changeIdOf('source/1', given, now)).toBeUndefined();
  });
});
