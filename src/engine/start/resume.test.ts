import { slotsOf } from '../../../test/support/run-slots';

describe('runs whose call has ended, or that were woken', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const never = new AbortController().signal;

  /**
   * Starts one run of each automation. The call of each run then moves to another activity. `answer` ends the call of a
   * run, and `resumed` contains the runs that may continue.
   */
  function answeredRuns(slots: number, automations: readonly string[]) {
    const { run, freed } = slotsOf(slots);
    const resumed: string[] = [];
    for (const [n, automation] of automations.entries()) {
      run.hold(`${n}`, automation);
      run.enter(`execution ${n}`, `${n}`)();
    }
    const answer = async (n: number, signal: AbortSignal = never) => {
      void run.resume(`${n}`, signal).then(() => resumed.push(`${n}`));
      await jest.advanceTimersByTimeAsync(0);
    };
    /** Begins and ends the next local step of a run. */
    const continueRun = async (n: number) => {
      run.enter(`execution ${n}`, `${n}`)();
      await jest.advanceTimersByTimeAsync(0);
    };
    return { run, resumed, answer, continueRun, freed };
  }

  it('continue immediately while there are slots, and take one until their next local step', async () => {
    const { run, resumed, answer } = answeredRuns(2, ['a', 'a', 'a']);
    await answer(0);
    await answer(1);
    expect([resumed, run.free()]).toEqual([['0', '1'], 0]);
    const leave = run.enter('execution 0', '0');
    expect(run.free()).toBe(0);
    leave();
    expect(run.free()).toBe(1);
  });

  it('continue in the order of their responses as slots become free', async () => {
    const { resumed, answer, continueRun } = answeredRuns(1, ['a', 'a', 'a']);
    for (const n of [2, 0, 1]) await answer(n);
    expect(resumed).toEqual(['2']);
    await continueRun(2);
    expect(resumed).toEqual(['2', '0']);
    await continueRun(0);
    expect(resumed).toEqual(['2', '0', '1']);
  });

  it('do not wait for those of another automation that has used its share', async () => {
    const { resumed, answer } = answeredRuns(200, [...Array.from({ length: 10 }, () => 'burst'), 'quiet']);
    for (let n = 0; n < 10; n += 1) await answer(n);
    expect(resumed).toEqual(['0']);
    await answer(10);
    expect(resumed).toEqual(['0', '10']);
  });

  it('count towards the share of their automation, so that fewer of its runs start', async () => {
    const { run, answer } = answeredRuns(200, ['other', ...Array.from({ length: 6 }, () => 'burst')]);
    for (let n = 1; n <= 6; n += 1) await answer(n);
    expect([run.full(), run.reserve('new', 'burst')]).toEqual([['burst'], false]);
  });

  it('wait for at most 5 s', async () => {
    const { run, resumed, answer } = answeredRuns(1, ['a', 'b']);
    run.hold('long', 'c');
    await answer(0);
    await jest.advanceTimersByTimeAsync(4_999);
    expect(resumed).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(resumed).toEqual(['0']);
  });

  it('continue in each of their branches', async () => {
    const { resumed, answer, continueRun } = answeredRuns(1, ['a', 'b']);
    await answer(0);
    for (let branch = 0; branch < 2; branch += 1) await answer(1);
    expect(resumed).toEqual(['0']);
    await continueRun(0);
    await continueRun(1);
    expect(resumed).toEqual(['0', '1', '1']);
  });

  it('do not wait if their activity has to end', async () => {
    const { run, resumed, answer } = answeredRuns(1, ['a', 'b']);
    run.hold('long', 'c');
    const cancel = new AbortController();
    await answer(0, cancel.signal);
    expect(resumed).toEqual([]);
    cancel.abort();
    await jest.advanceTimersByTimeAsync(0);
    expect(resumed).toEqual(['0']);
    await answer(1, cancel.signal);
    expect(resumed).toEqual(['0', '1']);
  });

  it('do not wait if their local steps are in another process', async () => {
    const { run, resumed, answer } = answeredRuns(1, []);
    run.hold('long', 'c');
    await answer(7);
    expect(resumed).toEqual(['7']);
  });

  it('hold their slot for 250 ms if no local step follows here', async () => {
    const { run, resumed, answer, freed } = answeredRuns(1, ['a', 'b']);
    await answer(0);
    await answer(1);
    const before = freed();
    await jest.advanceTimersByTimeAsync(249);
    expect([resumed, freed() - before]).toEqual([['0'], 0]);
    await jest.advanceTimersByTimeAsync(1);
    expect([resumed, freed() - before]).toEqual([['0', '1'], 1]);
    await jest.advanceTimersByTimeAsync(250);
    expect(run.free()).toBe(1);
  });
});
