import { fakeExecution, fakeWorkflowModule, type FakeExecution } from '../../../test/support/fake-workflow';
import { currentTask, interceptors, nextPosition, takePosition } from './delivery-order';

jest.mock(
  '@temporalio/workflow',
  () => jest.requireActual<{ fakeWorkflowModule: object }>('../../../test/support/fake-workflow').fakeWorkflowModule,
);

type Scope = Parameters<typeof takePosition>[0];

/** Begins a local activity, an activity and a timer, each in a separate scope. */
async function begun(): Promise<{ run: FakeExecution; local: Scope; call: Scope; timer: Scope }> {
  const run = fakeExecution(interceptors());
  const { CancellationScope, proxyActivities, proxyLocalActivities, sleep } = fakeWorkflowModule;
  const [local, call, timer] = [new CancellationScope(), new CancellationScope(), new CancellationScope()];
  const activity = (proxy: object, name: string) => (proxy as Record<string, () => Promise<unknown>>)[name]?.();
  await run.run(async () => {
    const work = [
      local.run(async () => activity(proxyLocalActivities({}), 'local')),
      call.run(async () => activity(proxyActivities({}), 'call')),
      timer.run(() => sleep(5, { summary: 'timer' })),
    ];
    await Promise.all(work);
  });
  return { run, ...({ local, call, timer } as unknown as Record<'local' | 'call' | 'timer', Scope>) };
}

describe('the order of deliveries', () => {
  it('is that of the activation, for activities and timers alike', async () => {
    const { run, local, call, timer } = await begun();
    const [set] = run.timers;
    if (!set) throw new Error('no timer');
    await run.deliver({ activity: run.activity('call'), value: 1 }, { timer: set });
    await run.deliver({ activity: run.activity('local'), value: 1 });
    const positions = [call, timer, local].map(takePosition);
    expect(positions).toEqual([...positions].sort((one, other) => one - other));
    expect(new Set(positions).size).toBe(3);
    expect(nextPosition()).toBeGreaterThan(Math.max(...positions));
  });

  it('is returned once, and is last for scopes without a delivery', async () => {
    const { run, local, call } = await begun();
    await run.deliver({ activity: run.activity('call'), value: 1 });
    expect(takePosition(local)).toBe(Infinity);
    expect(takePosition(call)).toBeLessThan(Infinity);
    expect(takePosition(call)).toBe(Infinity);
    const { CancellationScope } = fakeWorkflowModule;
    expect(takePosition(new CancellationScope() as unknown as Scope)).toBe(Infinity);
  });

  it('counts a task for each activation from the server, not for the end of a local activity', async () => {
    const { run } = await begun();
    const first = currentTask();
    await run.deliver({ activity: run.activity('local'), value: 1 });
    expect(currentTask()).toBe(first);
    await run.deliver({ activity: run.activity('call'), value: 1 });
    await run.fire('timer');
    expect(currentTask()).toBe(first + 2);
  });

  it('belongs to one execution', async () => {
    const { run } = await begun();
    await run.fire('timer');
    nextPosition();
    const other = fakeExecution(interceptors());
    expect([currentTask(), nextPosition(), other.timers]).toEqual([0, 1, []]);
  });
});
