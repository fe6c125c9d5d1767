import type { Context } from '@temporalio/activity';
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
  return { slots, left, held: () => held };
}

async function execute(slots: Parameters<typeof trackSlots>[0], isLocal: boolean, answer: () => unknown) {
  const info = { isLocal, taskQueue: 'fermata', workflowExecution: { workflowId: 'w', runId: 'x' } };
  const { inbound } = trackSlots(slots)({ info } as unknown as Context);
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
  ])('%s passes unchanged and gives its slot back', async (_, answer) => {
    const { slots, left, held } = countingSlots();
    expect(await execute(slots, true, () => answer)).toBe(answer);
    expect({ left, held: held() }).toEqual({ left: [undefined], held: 0 });
  });

  test.each([
    [{}, 'fermata'],
    [{ apart: true }, 'fermata-calls'],
  ])('a stretch that ends with a call for %j names the task queue of the call', async (more, queue) => {
    const { slots, left } = countingSlots();
    await execute(slots, true, () => stretch({ type: 'handover', attempts: 0, delayMs: 0, ...more }));
    expect(left).toEqual([queue]);
  });

  test.each([
    [{}, 'fermata'],
    [{ apart: true }, 'fermata-calls'],
  ])('a stretch that ends before the long call %j names the task queue of the call', async (more, queue) => {
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

  test.each([true, false])('an activity that fails gives its slot back (local: %s)', async (isLocal) => {
    const { slots, held } = countingSlots();
    const failing = execute(slots, isLocal, () => {
      throw new Error('connection terminated');
    });
    await expect(failing).rejects.toThrow('connection terminated');
    expect(held()).toBe(0);
  });
});
