import { ApplicationFailure, type Context } from '@temporalio/activity';
import { cancellationOf, createStretchStops, type StretchStops } from './stretch-stops';

const PATH = 'actions[0].parallel[1]';

/** Begins an activity that ends with an error when it is cancelled. */
function begin(stops: StretchStops, { isLocal = true, input = { first: { at: PATH } } as object } = {}) {
  const cancelled = new AbortController();
  const info = { isLocal, workflowExecution: { workflowId: 'w', runId: 'x' } };
  const context = { info, cancellationSignal: cancelled.signal } as unknown as Context;
  const signal = () => cancellationOf(context);
  const ended = stops.interceptor(context).inbound?.execute?.(
    { args: [input], headers: {} },
    () =>
      new Promise((_, reject) => {
        const end = (): void => reject(new Error('aborted'));
        if (signal().aborted) end();
        else signal().addEventListener('abort', end);
      }),
  );
  return { ended: expect(ended), signal, cancel: () => cancelled.abort() };
}

const stop = (stops: StretchStops, path = PATH, runId = 'x') =>
  stops.sinks.stretches.stop.fn({ runId } as Parameters<typeof stops.sinks.stretches.stop.fn>[0], path);

describe('stops of stretches', () => {
  it('end the stretch of this execution and path, which then is not repeated', async () => {
    const stops = createStretchStops();
    const { ended, signal } = begin(stops);
    await stop(stops, 'actions[0].parallel[0]');
    await stop(stops, PATH, 'other execution');
    expect(signal().aborted).toBe(false);
    await stop(stops);
    await ended.rejects.toMatchObject({ name: ApplicationFailure.name, nonRetryable: true });
  });

  it('end a stretch that begins after its stop, but not the next one at the same path', async () => {
    const stops = createStretchStops();
    await stop(stops);
    const { ended } = begin(stops);
    await ended.rejects.toMatchObject({ nonRetryable: true });
    expect(begin(stops).signal().aborted).toBe(false);
  });

  it('have no effect on normal activities and on activities that perform no stretch', async () => {
    const stops = createStretchStops();
    const others = [begin(stops, { isLocal: false }), begin(stops, { input: { runId: 'r' } })];
    await stop(stops);
    for (const { ended, signal, cancel } of others) {
      expect(signal().aborted).toBe(false);
      cancel();
      await ended.rejects.toThrow('aborted');
    }
  });

  it('leave the error of a stretch that Temporal cancels as it is', async () => {
    const stops = createStretchStops();
    const { ended, cancel } = begin(stops);
    cancel();
    await ended.rejects.toThrow('aborted');
  });
});
