import { slotsOf } from '../../../test/support/run-slots';
import { createRunSlots } from './run-slots';

/** Returns 40 slots that a burst of one automation shares with another automation. */
function sharedSlots() {
  const { run, pass, freed } = slotsOf(40);
  let count = 0;
  /** Starts as many runs of the burst as its share allows, `rounds` times. Their first steps begin after `ms`. */
  const startBurst = (rounds: number, ms: number) => {
    for (let round = 0; round < rounds; round += 1) {
      const runs: string[] = [];
      if (run.reserve('other', 'other')) run.release('other');
      for (let id = `${(count += 1)}`; run.reserve(id, 'burst'); id = `${(count += 1)}`) runs.push(id);
      pass(ms);
      const ends = runs.map((id) => run.enter(`execution ${id}`, id));
      for (const end of ends) end();
    }
  };
  return { run, pass, freed, startBurst };
}

describe('slots of runs', () => {
  it('are limited, and a released reservation frees one', () => {
    const { run, freed } = slotsOf(2);
    expect([
      run.reserve('a', 'automation a'),
      run.reserve('b', 'automation b'),
      run.reserve('c', 'automation c'),
    ]).toEqual([true, true, false]);
    run.release('a');
    expect(freed()).toBe(1);
    expect(run.reserve('c', 'automation c')).toBe(true);
  });

  it('are held by a run from the reservation to the end of its local steps, however many run concurrently', () => {
    const { run } = slotsOf(1);
    run.reserve('a', 'automation a');
    const first = run.enter('execution', 'a');
    const second = run.enter('execution', 'a');
    expect(run.free()).toBe(0);
    first();
    expect(run.free()).toBe(0);
    second();
    expect(run.free()).toBe(1);
  });

  it('are held by a run whose call becomes a normal activity until that activity begins here or has not appeared for 2 s', () => {
    const { run, pass, freed } = slotsOf(2);
    for (const id of ['a', 'b']) {
      run.reserve(id, 'automation a');
      run.enter(`execution ${id}`, id)('calls');
    }
    expect([run.free(), freed()]).toEqual([0, 0]);
    run.arrive('execution a', 'calls');
    expect([run.free(), freed()]).toEqual([1, 1]);
    run.arrive('execution a', 'calls');
    expect(freed()).toBe(1);
    pass(2_000);
    expect(run.free()).toBe(2);
  });

  it('are taken again by a run whose call moves to another task queue, until the call begins there', () => {
    const { run, freed } = slotsOf(2);
    run.reserve('a', 'automation a');
    run.enter('execution a', 'a')('runs');
    const end = run.arrive('execution a', 'runs');
    expect([run.free(), freed()]).toEqual([2, 1]);
    end('calls');
    expect([run.free(), run.full()]).toEqual([1, []]);
    run.arrive('execution a', 'calls')();
    expect([run.free(), freed()]).toEqual([2, 2]);
  });

  it('are not taken by a call that moves if its run was started by another process', () => {
    const { run } = slotsOf(1);
    run.arrive('execution a', 'runs')('calls');
    expect(run.free()).toBe(1);
  });

  it('are not held by a run whose call waits for a slot of its task queue', () => {
    const { run } = slotsOf(2);
    const ends = ['x', 'y', 'z'].map((id) => run.arrive(id, 'calls'));
    run.reserve('a', 'automation a');
    run.enter('execution a', 'a')('calls');
    expect(run.free()).toBe(2);
    ends[0]?.();
    run.reserve('b', 'automation a');
    run.enter('execution b', 'b')('calls');
    expect(run.free()).toBe(1);
  });

  it('are freed if a reservation is never used', () => {
    const { run, pass } = slotsOf(1);
    run.reserve('a', 'automation a');
    pass(29_000);
    expect(run.free()).toBe(0);
    pass(2_000);
    expect(run.free()).toBe(1);
  });

  it('are reported with their runs until the first step, but only for a limited time', () => {
    const { run, pass } = slotsOf(2);
    const named = () => run.reservedFor(1_500, 10_000);
    run.reserve('a', 'automation a');
    pass(1_000);
    expect(named()).toEqual([]);
    pass(1_000);
    expect(named()).toEqual(['a']);
    run.reserve('b', 'automation b');
    pass(8_000);
    expect(named()).toEqual(['a', 'b']);
    pass(1);
    expect(named()).toEqual(['b']);
    run.enter('execution', 'b');
    expect(named()).toEqual([]);
  });

  it('allow fewer starts while starts take longer than the fastest ones, and more again when they are fast', () => {
    const { run, pass } = slotsOf(200);
    let count = 0;
    /** Starts as many runs as there are slots. The first step of each run begins after `ms` milliseconds. */
    const startAll = (ms: number) => {
      const runs: string[] = [];
      for (let id = `${(count += 1)}`; run.reserve(id, `automation ${id}`); id = `${(count += 1)}`) runs.push(id);
      pass(ms);
      const ends = runs.map((id) => run.enter(`execution ${id}`, id));
      for (const end of ends) end();
    };
    const rounds = (times: number, ms: number) => Array.from({ length: times }, () => startAll(ms));
    rounds(10, 20);
    expect(run.free()).toBe(200);
    rounds(3, 500);
    expect(run.free()).toBeLessThan(40);
    rounds(5, 500);
    expect(run.free()).toBe(10);
    rounds(40, 20);
    expect(run.free()).toBe(200);
  });

  it('do not allow fewer starts on a machine that is slow from the beginning', () => {
    const { run, pass } = slotsOf(200);
    for (let n = 0; n < 30; n += 1) {
      run.reserve(`${n}`, 'a');
      pass(2_000);
      run.enter('execution', `${n}`)();
    }
    expect(run.free()).toBeGreaterThanOrEqual(20);
  });

  it('do not allow fewer starts after the clock of the machine was set back', () => {
    jest.useFakeTimers();
    try {
      const run = createRunSlots({ slots: 200, activities: 3, onFree: () => undefined });
      let count = 0;
      const startAll = (ms: number) => {
        const runs: string[] = [];
        for (let id = `${(count += 1)}`; run.reserve(id, `automation ${id}`); id = `${(count += 1)}`) runs.push(id);
        jest.advanceTimersByTime(20);
        jest.setSystemTime(Date.now() + ms);
        const ends = runs.map((id) => run.enter(`execution ${id}`, id));
        for (const end of ends) end();
      };
      for (let n = 0; n < 10; n += 1) startAll(0);
      startAll(-600_000);
      for (let n = 0; n < 10; n += 1) startAll(0);
      expect(run.free()).toBe(200);
    } finally {
      jest.useRealTimers();
    }
  });

  it('are held by local steps that wait for a response, without keeping other runs from being started', () => {
    const { run, freed } = slotsOf(50);
    const begin = (n: number) => run.enter(`hangs ${n}`, undefined);
    for (let n = 0; n < 22; n += 1) begin(n);
    expect(run.free()).toBe(0);
    const answers = Array.from({ length: 22 }, (_, n) => run.call(`hangs ${n}`));
    expect([run.free(), freed()]).toEqual([20, 22]);
    // An execution has two steps in progress. One step waits, and the other step works.
    begin(0);
    expect(run.free()).toBe(19);
    answers[1]?.();
    expect(run.free()).toBe(18);
    for (let n = 22; n < 45; n += 1) {
      begin(n);
      run.call(`hangs ${n}`);
    }
    expect(run.free()).toBe(5);
  });

  it('are limited to a share for each automation, so that a burst does not use all of them', () => {
    const { run, pass } = slotsOf(40);
    expect(run.reserve('before', 'other')).toBe(true);
    run.release('before');
    expect(run.reserve('burst 0', 'burst')).toBe(true);
    expect(run.reserve('burst 1', 'burst')).toBe(false);
    expect(run.full()).toEqual(['burst']);
    expect(run.reserve('other', 'other')).toBe(true);
    const end = run.enter('execution', 'burst 0');
    expect(run.full()).toContain('burst');
    end();
    expect(run.full()).not.toContain('burst');
    expect(run.reserve('burst 1', 'burst')).toBe(true);
    // While no other automation requests a slot, none has to be reserved.
    run.release('other');
    pass(10_001);
    for (let n = 2; n < 20; n += 1) expect(run.reserve(`burst ${n}`, 'burst')).toBe(true);
  });

  it('give one automation a larger share while starts are quick, up to a quarter of the limit', () => {
    const { run, startBurst } = sharedSlots();
    startBurst(1, 20);
    expect(run.share()).toBe(1);
    startBurst(20, 20);
    expect(run.share()).toBe(2);
    startBurst(1_000, 20);
    // The limit is 20 at the beginning.
    expect(run.share()).toBe(5);
  });

  it('give one automation a smaller share after each slow start, down to one run', () => {
    const { run, startBurst } = sharedSlots();
    startBurst(1_000, 20);
    startBurst(1, 60);
    expect(run.share()).toBeLessThan(5);
    startBurst(50, 60);
    expect(run.share()).toBe(1);
    startBurst(48, 20);
    expect(run.share()).toBe(2);
  });

  describe('of a burst whose starts stay slow', () => {
    beforeEach(() => void jest.useFakeTimers());
    afterEach(() => void jest.useRealTimers());

    /** Returns slots at a time when every run of a burst has just ended and its share is at the minimum of 0.2 runs. */
    function slowBurst() {
      const slots = sharedSlots();
      slots.startBurst(100, 20);
      slots.startBurst(100, 60);
      return slots;
    }

    it('are refused to its waiting runs for up to 80 ms after each of its runs', () => {
      const { run, freed } = slowBurst();
      expect(run.full()).toEqual(['burst']);
      jest.advanceTimersByTime(79);
      expect(run.full()).toEqual(['burst']);
      const before = freed();
      jest.advanceTimersByTime(1);
      expect([run.full(), freed()]).toEqual([[], before + 1]);
    });

    it('are refused to its woken runs for the same time', async () => {
      const { run } = slowBurst();
      let isResumed = false;
      const resumed = run.resume('1', new AbortController().signal).then(() => (isResumed = true));
      await jest.advanceTimersByTimeAsync(79);
      expect(isResumed).toBe(false);
      await jest.advanceTimersByTimeAsync(1);
      expect(isResumed).toBe(true);
      await resumed;
    });

    it('are given to other automations, and to new runs of its own automation if none waits', () => {
      const { run } = slowBurst();
      expect([run.reserve('next', 'burst'), run.reserve('other', 'other')]).toEqual([true, true]);
    });

    it('are given to it without pauses by a worker with few slots whose starts are quick', () => {
      const { run } = slotsOf(2);
      for (const id of ['a', 'b']) {
        run.reserve(id, id);
        run.enter(`execution ${id}`, id)();
      }
      expect(run.full()).toEqual([]);
    });

    it('are given to it without pauses if the other automations have bursts, too', () => {
      const { run, pass } = slowBurst();
      jest.runOnlyPendingTimers();
      pass(10_001);
      const startWaiting = (id: string) => {
        for (const automation of ['burst', 'other']) {
          run.hold(`${automation} ${id}`, automation);
          run.enter(`execution ${automation} ${id}`, `${automation} ${id}`)();
        }
      };
      for (const id of ['1', '2', '3', '4']) startWaiting(id);
      expect(run.full().toSorted()).toEqual(['burst', 'other']);
      startWaiting('5');
      jest.runOnlyPendingTimers();
      startWaiting('6');
      expect(run.full()).toEqual([]);
    });

    it('are given to it without pauses while no other automation requests slots', () => {
      const { run, pass } = slowBurst();
      jest.runOnlyPendingTimers();
      pass(10_001);
      expect(run.reserve('next', 'burst')).toBe(true);
      run.enter('execution', 'next')();
      expect(run.full()).toEqual([]);
    });
  });

  it('give one automation a larger share even if all starts take long because the connection to Temporal is slow', () => {
    const { run, startBurst } = sharedSlots();
    startBurst(1_000, 300);
    expect(run.share()).toBe(5);
  });

  it('do not give a larger share while no automation uses all of its share', () => {
    const { run, pass, startBurst } = sharedSlots();
    startBurst(20, 20);
    for (let n = 0; n < 100; n += 1) {
      run.reserve(`rare ${n}`, `rare ${n % 2}`);
      pass(20);
      run.enter(`execution ${n}`, `rare ${n}`)();
    }
    expect(run.share()).toBe(2);
  });

  it('count towards the share of their automation for at most 5 s if the run does not begin', () => {
    const { run, pass } = sharedSlots();
    run.reserve('other', 'other');
    expect([run.reserve('lost', 'burst'), run.reserve('next', 'burst')]).toEqual([true, false]);
    pass(4_999);
    expect(run.reserve('next', 'burst')).toBe(false);
    pass(1);
    expect(run.reserve('next', 'burst')).toBe(true);
  });

  it('do not increase because of calls that wait for their responses', () => {
    const { run, pass } = slotsOf(100);
    for (let n = 0; n < 15; n += 1) {
      run.enter(`hangs ${n}`, undefined);
      run.call(`hangs ${n}`);
    }
    const before = run.free();
    for (let n = 0; n < 50; n += 1) {
      run.reserve(`${n}`, 'a');
      pass(20);
      run.enter(`execution ${n}`, `${n}`)();
    }
    expect(run.free()).toBe(before);
  });

  it('may exceed the limit for automations without an active run, up to the number of slots', () => {
    const { run } = slotsOf(200);
    for (let n = 0; run.reserve(`noisy ${n}`, 'noisy'); n += 1);
    for (let n = 0; run.reserve(`other ${n}`, 'other'); n += 1);
    expect([run.free(), run.reserve('noisy', 'noisy')]).toEqual([0, false]);
    const quiet = (n: number) => run.reserve(`quiet ${n}`, `quiet ${n}`);
    const [first, second] = [quiet(0), run.reserve('quiet 0 again', 'quiet 0')];
    expect([first, second]).toEqual([true, false]);
    expect([1, 2, 3, 4, 5].map(quiet)).toEqual([true, true, true, false, false]);
    const { run: small } = slotsOf(1);
    expect([small.reserve('a', 'automation a'), small.reserve('b', 'automation b')]).toEqual([true, false]);
  });
});
