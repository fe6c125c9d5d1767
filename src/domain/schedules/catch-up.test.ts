import { stillFires, type ScheduledStart } from './catch-up';

const AT = new Date('2026-11-24T09:00:00Z');
const after = (seconds: number) => new Date(AT.getTime() + seconds * 1_000);
const arrival = (more: Partial<ScheduledStart>): ScheduledStart => ({
  ...{ scheduledFor: AT, begunAt: after(0.1), attended: true, now: after(0.2) },
  ...more,
});
const fires = (catchUp: 'skip' | 'one' | 'all', more: Partial<ScheduledStart>, later = false) =>
  stillFires({ catchUp, catchUpMinutes: 10 }, arrival(more), () => later);

describe('a scheduled time', () => {
  it('fires if it arrives on time, or late because an existing worker was busy', () => {
    expect(fires('skip', {})).toBe(true);
    expect(fires('skip', { now: after(300) }, true)).toBe(true);
    expect(fires('skip', { attended: false, now: after(4) })).toBe(true);
  });

  it('was missed if Temporal was down, or if no worker was running', () => {
    expect(fires('skip', { begunAt: after(8), now: after(8) })).toBe(false);
    expect(fires('skip', { attended: false, now: after(8) })).toBe(false);
  });

  it('fires after it was missed if it is the newest, or if all are requested, and not too long ago', () => {
    const missed = { attended: false, now: after(60) };
    expect([fires('one', missed), fires('one', missed, true)]).toEqual([true, false]);
    expect([fires('all', missed), fires('all', missed, true)]).toEqual([true, true]);
    expect(fires('all', { attended: false, now: after(601) })).toBe(false);
  });
});
