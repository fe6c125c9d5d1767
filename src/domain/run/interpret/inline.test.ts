import { ActionStep } from '../../definition/action';
import type { StepOutcome, StretchInput } from '../activities';
import { driveInline } from './inline';
import { Progress } from './progress';
import { planOf, runList } from './steps';

const LONG = { action: 'test.long' };
const SHORT = { action: 'test.short' };

/** Drives steps from the first step. Returns the outcomes and the paths of the attempts. */
async function drive(written: object[], first: StretchInput['first'], outcome: StepOutcome = { type: 'done' }) {
  const plan = planOf(
    written.map((step) => ActionStep.parse(step)),
    ({ action }) => ({ execution: action === 'test.long' ? 'long' : 'short', timeoutMs: 1_000 }),
  );
  const progress = new Progress({});
  const branch = progress.root;
  const input = { runId: 'run', branch: '', positions: {}, first } as unknown as StretchInput;
  const attempts: string[] = [];
  const perform = ({ path }: { path: string }) => {
    attempts.push(path);
    return Promise.resolve(outcome);
  };
  const stretch = { input, branch, journal: [], steps: runList(progress, branch, plan, 'actions') };
  const evaluate = () => Promise.reject(new Error('no step is evaluated'));
  return { ...(await driveInline(stretch, { evaluate, perform }, () => false)), attempts };
}

const perform = (index: number) => ({ type: 'perform' as const, at: `actions[${index}]` });

describe('a stretch whose first action is long on this worker, but short on the worker that claimed the run', () => {
  it('attempts the action and continues', async () => {
    const { done, ended, attempts } = await drive([LONG, SHORT], perform(0));
    expect(attempts).toEqual(['actions[0]', 'actions[1]']);
    expect([done.map(({ at }) => at), ended]).toEqual([['actions[0]', 'actions[1]'], true]);
  });

  it('ends with the handover of the attempt', async () => {
    const handover = { type: 'handover' as const, attempts: 0, delayMs: 0, timeoutMs: 60_000 };
    const { done, ended, attempts, call } = await drive([LONG, SHORT], perform(0), handover);
    expect(done).toEqual([{ at: 'actions[0]', performed: handover }]);
    expect([ended, attempts, call]).toEqual([false, ['actions[0]'], undefined]);
  });

  it('stops at the next long action', async () => {
    const { attempts, call } = await drive([LONG, LONG], perform(0));
    expect([attempts, call]).toEqual([['actions[0]'], { at: 'actions[1]' }]);
  });
});

it('a stretch that does not reach its first step is a bug', async () => {
  await expect(drive([LONG, SHORT], perform(1))).rejects.toThrow('before its first step, actions[1]');
});
