import type { Executor } from '../../db/executor';
import type { EnteredCandidate } from './gates';
import { passWindow } from './window';

const NOW = Date.parse('2026-11-30T12:00:00Z');
const MINUTE = 60_000;

/**
 * Returns the result for an event at `NOW`. `minutesAgo` contains the ages of the events that have already been
 * counted.
 */
async function verdictAfter(minutesAgo: readonly number[], refire: 'every' | 'once' = 'every') {
  const rows = [{ counted: true, others: minutesAgo.map((minutes) => NOW - minutes * MINUTE) }];
  const tx = { execute: () => Promise.resolve({ rows }) } as unknown as Executor;
  const entered = {
    candidate: { automation: { id: 'a' }, trigger: { id: 't', event: 'light.on' } },
    change: { changeId: 'c', occurredAt: new Date(NOW) },
    passed: true,
  } as unknown as EnteredCandidate;
  return passWindow(tx, { entered, window: { count: 3, minutes: 10, refire }, partitionKey: 'k' });
}

describe('the refusal of a window', () => {
  it('counts only the events within the window', async () => {
    expect(await verdictAfter([60, 90])).toMatchObject({
      detail: '1 of 3 events within 10 minutes so far.',
      counted: { count: 1, needed: 3 },
    });
    expect(await verdictAfter([5, 60, 90])).toMatchObject({
      detail: '2 of 3 events within 10 minutes so far.',
      counted: { count: 2, needed: 3 },
    });
  });

  it('names the condition under which a window that has fired once fires again', async () => {
    expect(await verdictAfter([1, 2, 3], 'once')).toMatchObject({
      detail: expect.stringContaining('it fires again once the count has dropped below 3.') as string,
      counted: { count: 4, needed: 3 },
    });
  });

  it('is absent when the window fires, and the candidate has the number of events that the window needs', async () => {
    for (const earlier of [
      [1, 2],
      [1, 2, 3],
    ])
      expect(await verdictAfter(earlier)).toMatchObject({ passed: true, counted: { count: 3, needed: 3 } });
  });
});
