import { ActionStep } from '../../definition/action';
import { driveDry, type DryHandlers } from './dry';
import { RunEnded, StepFailed } from './outcome';
import { Progress } from './progress';
import { planOf, runList } from './steps';

const T0 = Date.parse('2026-11-24T12:00:00Z');

/**
 * Drives steps. Only the action `a.fails` fails. Returns the evaluated and performed steps, each with the seconds since
 * the start.
 */
async function drive(written: object[], handlers: Partial<DryHandlers> = {}) {
  const plan = planOf(
    written.map((step) => ActionStep.parse(step)),
    () => ({ execution: 'long', timeoutMs: 1_000 }),
  );
  const progress = new Progress({});
  const done: string[] = [];
  const moment = { branch: progress.root, now: T0 };
  const record = (path: string, now: number) => void done.push(`${path} ${(now - T0) / 1_000}`);
  const error = (path: string) => ({ code: 'provider_failed', message: 'no', path });
  const own: DryHandlers = {
    evaluate: ({ node, path }, { now }) => {
      record(path, now);
      if (node.kind === 'delay') return Promise.resolve({ type: 'delay', until: now + 60_000 });
      return Promise.resolve({ type: 'repeat', total: 5, items: ['a', 'b', 'c', 'd', 'e'] });
    },
    perform: ({ node, path }, { now }) => {
      record(path, now);
      return Promise.resolve(node.action === 'a.fails' ? { type: 'failed', error: error(path) } : { type: 'done' });
    },
    note: () => undefined,
    ...handlers,
  };
  const outcome = await driveDry(runList(progress, progress.root, plan, 'actions'), moment, own).then(
    () => 'through',
    (thrown: unknown) => thrown,
  );
  return { done, outcome, seconds: (moment.now - T0) / 1_000 };
}

const [ok, fails, delay] = [{ action: 'a.b' }, { action: 'a.fails' }, { delay: { seconds: 60 } }];

describe('the dry-run driver', () => {
  it('performs a long call once, and advances the clock at a delay', async () => {
    expect(await drive([ok, delay, ok])).toEqual({
      done: ['actions[0] 0', 'actions[1] 0', 'actions[2] 60'],
      ...{ outcome: 'through', seconds: 60 },
    });
  });

  it('starts each branch at the same instant, and continues when the last one has ended', async () => {
    const { done, seconds } = await drive([{ parallel: [{ sequence: [delay, ok] }, ok] }, ok]);
    expect(done.slice(1)).toEqual([
      'actions[0].parallel[0].sequence[1] 60',
      'actions[0].parallel[1] 0',
      'actions[1] 60',
    ]);
    expect(seconds).toBe(60);
  });

  it('drives every branch to its end, then fails with the first failure, at the latest time reached', async () => {
    const { done, outcome, seconds } = await drive([{ parallel: [{ sequence: [delay, fails] }, ok] }, ok]);
    expect(done.at(-1)).toBe('actions[0].parallel[1] 0');
    expect(outcome).toBeInstanceOf(StepFailed);
    expect(seconds).toBe(60);
  });

  it('begins the next iterations of a loop when the active ones have ended, but not after a failure', async () => {
    const loop = (sequence: object[]) => ({ repeat: { for_each: 'x', parallel: 2, sequence } });
    const all = await drive([loop([delay])]);
    expect(all.done.slice(1).map((each) => each.split(' ')[1])).toEqual(['0', '0', '60', '60', '120']);
    const failed = await drive([loop([fails])]);
    expect(failed.done).toHaveLength(3);
    expect(failed.outcome).toBeInstanceOf(StepFailed);
  });

  it('begins no further branch after a stop', async () => {
    const { done, outcome } = await drive([{ parallel: [ok, { stop: { reason: 'enough' } }, ok] }]);
    expect(done).toEqual(['actions[0].parallel[0] 0']);
    expect(outcome).toBeInstanceOf(RunEnded);
  });

  it('throws what its handlers throw, even in steps that may fail', async () => {
    const limit = new Error('the limit of the handlers');
    const perform = () => Promise.reject(limit);
    const step = { parallel: [{ ...ok, continue_on_error: true }], continue_on_error: true };
    expect((await drive([step, ok], { perform })).outcome).toBe(limit);
  });
});
