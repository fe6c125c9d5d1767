import type { CommandOutcome } from '../../domain/run/activities';
import { fakeExecution } from '../../../test/support/fake-workflow';
import { delivered, durationOf, outcomeOf, type Delivery } from './replies';

jest.mock(
  '@temporalio/workflow',
  () => jest.requireActual<{ fakeWorkflowModule: object }>('../../../test/support/fake-workflow').fakeWorkflowModule,
);

const node = {} as never;
const sleep = (more: object) =>
  ({ type: 'sleep', node, path: 'a', retry: false, until: 0, ms: undefined, note: '', ...more }) as never;
const wait = (more: object) =>
  ({ type: 'wait', node, path: 'a', until: null, ms: undefined, note: '', ...more }) as never;

describe('the duration of a pause', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 10_000 }));
  afterEach(() => void jest.useRealTimers());

  it('is the one that the activity measured, because the clocks of Temporal and the database may differ', () => {
    expect(durationOf(sleep({ ms: 700, until: 99_000 }))).toBe(700);
    expect(durationOf(wait({ ms: 700, until: 99_000 }))).toBe(700);
    expect(durationOf(sleep({ retry: true, ms: 0 }))).toBe(0);
  });

  it("is computed from Temporal's clock in histories without one", () => {
    expect([durationOf(sleep({ until: 12_000 })), durationOf(wait({ until: 12_000 }))]).toEqual([2_000, 2_000]);
  });

  it('is positive even if the instant has passed', () => {
    expect([durationOf(sleep({ until: 1 })), durationOf(sleep({ ms: -5 }))]).toEqual([1, 1]);
    expect([durationOf(wait({ until: 1 })), durationOf(wait({ ms: 3 }))]).toEqual([250, 250]);
  });
});

describe('the outcome of a stretch', () => {
  const evaluate = (iteration?: number) =>
    ({ type: 'evaluate', node, path: 'a', ...(iteration === undefined ? {} : { iteration }) }) as never;
  const perform = { type: 'perform', node, path: 'a' } as never;
  const enabled = { type: 'enabled' as const };
  const did = { type: 'done' as const };

  it('is returned for its command', () => {
    expect(outcomeOf(evaluate(), { at: 'a', evaluated: enabled })).toBe(enabled);
    expect(outcomeOf(evaluate(2), { at: 'a', iteration: 2, evaluated: enabled })).toBe(enabled);
    expect(outcomeOf(perform, { at: 'a', performed: did })).toBe(did);
  });

  it.each<[string, never, CommandOutcome | undefined]>([
    ['is missing', evaluate(), undefined],
    ['belongs to another step', perform, { at: 'b', performed: did }],
    ['belongs to another iteration', evaluate(1), { at: 'a', iteration: 2, evaluated: enabled }],
    ['is of an iteration, but the command is not', evaluate(), { at: 'a', iteration: 0, evaluated: enabled }],
    ['is an evaluation of an action', perform, { at: 'a', evaluated: enabled }],
    ['is an action in place of an evaluation', evaluate(), { at: 'a', performed: did }],
  ])('throws when it %s', (_what, command, done) => {
    expect(() => outcomeOf(command, done)).toThrow(new RegExp(`${done?.at ?? 'nothing'}.* a was next`));
  });
});

describe('the wait for a delivery', () => {
  const delivery: Delivery = { position: 1, task: null, take: () => undefined };

  it('ends with the first delivery, but not before reactions to earlier commands have settled', async () => {
    const execution = fakeExecution({});
    const ready: Delivery[] = [delivery];
    const order: string[] = [];
    const work = () => {
      let reaction: Promise<unknown> = Promise.resolve();
      for (let count = 0; count < 10; count += 1) reaction = reaction.then(() => undefined);
      void reaction.then(() => order.push('reaction'));
      return delivered(ready).then(() => void order.push('delivery'));
    };
    await execution.run(work);
    expect(order).toEqual(['reaction', 'delivery']);
  });

  it('continues while nothing is delivered', async () => {
    const execution = fakeExecution({});
    const ready: Delivery[] = [];
    await execution.run(() => delivered(ready));
    expect(execution.outcome()).toEqual({ isOpen: true });
    ready.push(delivery);
    await execution.deliver();
    expect(execution.outcome().isOpen).toBe(false);
  });
});
