import { ApplicationFailure, type Context } from '@temporalio/activity';
import { trackSlots } from './track-slots';

/** Counts the slots in use, and records what each activity reported when it ended. */
function countingSlots() {
  const left: (string | undefined)[] = [];
  let held = 0;
  const slots = {
    enter: () => {
      held += 1;
      return (handsOverTo?: string) => {
        held -= 1;
        left.push(handsOverTo);
      };
    },
    arrive: () => {
      held += 1;
      return (handsOverTo?: string) => {
        held -= 1;
        left.push(handsOverTo ?? 'arrived');
      };
    },
  };
  return { slots: { ...slots, resume: () => Promise.resolve() }, left, held: () => held };
}

async function execute(
  slots: Parameters<typeof trackSlots>[0],
  isLocal: boolean,
  answer: () => unknown,
  heartbeat?: () => void,
) {
  const info = { isLocal, taskQueue: 'fermata', workflowExecution: { workflowId: 'w', runId: 'x' } };
  const context = { info, heartbeat, cancellationSignal: new AbortController().signal } as unknown as Context;
  const { inbound } = trackSlots(slots)(context);
  return inbound?.execute?.({ args: [{ runId: 'r' }], headers: {} }, () => Promise.resolve().then(answer));
}

const stretch = (performed: object) => ({ done: [{ at: 'actions[0]', performed }], ended: false });

describe('slots of activities', () => {
  // Each of these is a result of a local activity.
  test.each([
    ['a dwell that fired', { done: true }],
    ['a dwell that is not due', { done: false, againInMs: 1_000 }],
    ['a run that another execution claimed', null],
    ['an activity without a result', undefined],
    ['a stretch without steps', { done: [], ended: true }],
    ['a stretch whose last step is done', stretch({ type: 'done' })],
    ['a stretch that pauses before its call', stretch({ type: 'handover', attempts: 1, delayMs: 500 })],
  ])('%s is returned unchanged and releases its slot', async (_, answer) => {
    const { slots, left, held } = countingSlots();
    expect(await execute(slots, true, () => answer)).toBe(answer);
    expect({ left, held: held() }).toEqual({ left: [undefined], held: 0 });
  });

  test.each([
    [{}, 'fermata'],
    [{ apart: true }, 'fermata-calls'],
  ])('a stretch that hands a call over with %j releases its slot to the task queue %s', async (more, queue) => {
    const { slots, left } = countingSlots();
    await execute(slots, true, () => stretch({ type: 'handover', attempts: 0, delayMs: 0, ...more }));
    expect(left).toEqual([queue]);
  });

  test.each([
    [{}, 'fermata'],
    [{ apart: true }, 'fermata-calls'],
  ])('a stretch that ends before a long call with %j releases its slot to the task queue %s', async (more, queue) => {
    const { slots, left } = countingSlots();
    await execute(slots, true, () => ({ done: [], ended: false, call: { at: 'actions[0]', ...more } }));
    expect(left).toEqual([queue]);
  });

  test.each([
    [{ type: 'handover', attempts: 0, delayMs: 0, timeoutMs: 8_000, apart: true }, 'fermata-calls'],
    [{ type: 'done' }, 'arrived'],
  ])('a normal activity with the result %j ends with %s', async (result, end) => {
    const { slots, left } = countingSlots();
    expect(await execute(slots, false, () => result)).toBe(result);
    expect(left).toEqual([end]);
  });

  test.each([true, false])('an activity that fails releases its slot (local: %s)', async (isLocal) => {
    const { slots, held } = countingSlots();
    const failing = execute(slots, isLocal, () => {
      throw new Error('connection terminated');
    });
    await expect(failing).rejects.toThrow('connection terminated');
    expect(held()).toBe(0);
  });
});

describe('the end of a normal activity', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const failure = (nonRetryable: boolean) => ApplicationFailure.create({ message: 'refused', nonRetryable });
  const throws = (error: Error) => () => {
    throw error;
  };

  /** Performs an activity whose run may not continue until `resume` is called. */
  function hold(isLocal: boolean, answer: () => unknown) {
    let resume = (): void => {};
    let beats = 0;
    let ended = false;
    const resumed: string[] = [];
    const slots = {
      ...countingSlots().slots,
      resume: (runId: string) => (resumed.push(runId), new Promise<void>((resolve) => (resume = resolve))),
    };
    const execution = execute(slots, isLocal, answer, () => (beats += 1))
      ?.catch((error: unknown) => error)
      .finally(() => (ended = true));
    return { resumed, result: execution, ended: () => ended, beats: () => beats, resume: () => resume() };
  }

  test.each([
    ['a result', () => ({ type: 'done' })],
    ['a failure that is not retried', throws(failure(true))],
  ])('reports %s when its run may continue, with heartbeats until then', async (_, answer) => {
    const activity = hold(false, answer);
    await jest.advanceTimersByTimeAsync(3_500);
    expect([activity.resumed, activity.ended(), activity.beats()]).toEqual([['r'], false, 3]);
    activity.resume();
    await jest.advanceTimersByTimeAsync(5_000);
    expect([activity.ended(), activity.beats()]).toEqual([true, 3]);
  });

  test.each([
    ['a failure that Temporal retries', false, throws(failure(false))],
    ['an error', false, throws(new Error('connection terminated'))],
    ['a call that is handed over', false, () => ({ type: 'handover', attempts: 0, delayMs: 0, timeoutMs: 8_000 })],
    ['a result of a local activity', true, () => ({ done: [], ended: true })],
  ])('reports %s at once', async (_, isLocal, answer) => {
    const activity = hold(isLocal, answer);
    await activity.result;
    expect(activity.resumed).toEqual([]);
  });
});
