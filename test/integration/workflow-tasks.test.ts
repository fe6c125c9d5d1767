import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { freePort } from '../../src/os/free-port';
import { lazyClient } from '../../src/temporal/connect';
import { startEngine, type Engine, type RunRow } from '../support/engine';
import { startTemporal } from '../support/services';
import { until } from '../support/until';

/** Events of a history, by field. */
type HistoryEvents = NonNullable<
  Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>['events']
>;

describe('workflow tasks, wakes and starts', () => {
  let engine: Engine;
  let temporal: Awaited<ReturnType<typeof startTemporal>>;
  let client: ReturnType<typeof lazyClient>;
  beforeAll(async () => {
    temporal = await startTemporal();
    engine = await startEngine({ temporal });
    client = lazyClient(engine.temporal);
  }, 360_000);
  afterEach(() => engine.receiver.reset());
  afterAll(async () => {
    await client.connection.close();
    await engine.close();
    await temporal.destroy();
  });

  const historyOf = async (run: RunRow, execution = run.execution_run_id ?? ''): Promise<HistoryEvents> =>
    (await client.workflow.getHandle(run.workflow_id, execution).fetchHistory()).events ?? [];
  const taskTimeout = (events: HistoryEvents): number =>
    Number(events[0]?.workflowExecutionStartedEventAttributes?.workflowTaskTimeout?.seconds ?? 0);

  test('a worker that is suspended for longer than the usual 10 s keeps its workflow task, and repeats nothing', async () => {
    const worker = await engine.worker({ FERMATA_FAILPOINT: 'before-attempt-is-sent:1:stop' });
    const id = await engine.save(`
name: suspended
triggers: [{ event: automation.event, config: { type: still } }]
actions:
  - { variables: { n: 1 } }
  - { action: integration-webhook.send, config: { url: "$URL/still" } }`);
    await engine.emit('still');
    await until('the worker is suspended', () => worker.output().includes('failpoint before-attempt-is-sent reached'));
    await pause(13_000);
    worker.signal('SIGCONT');
    const [run] = await engine.ended(1, id, 60_000);
    expect(run).toMatchObject({ status: 'success' });
    if (run === undefined) throw new Error('no run');
    const completed = await until('its execution is completed', async () => {
      const events = await historyOf(run);
      return events.some((event) => event.workflowExecutionCompletedEventAttributes) && events;
    });
    expect(taskTimeout(completed)).toBe(30);
    expect(completed.filter((event) => event.workflowTaskTimedOutEventAttributes)).toEqual([]);
    expect(completed.filter((event) => event.workflowTaskStartedEventAttributes)).toHaveLength(1);
    expect(engine.receiver.received).toHaveLength(1);
    await worker.stop();
  }, 360_000);

  test('an execution that continues as new keeps the timeout of its workflow tasks', async () => {
    const worker = await engine.worker({ FERMATA_CONTINUE_AFTER: '20' });
    const id = await engine.save(`
name: continues
triggers: [{ event: automation.event, config: { type: continues } }]
actions:
  - repeat: { count: 12, sequence: [ { delay: { template: "{{ 0.1 }}" } } ] }`);
    await engine.emit('continues');
    const [run] = await engine.ended(1, id, 60_000);
    expect(run).toMatchObject({ status: 'success' });
    if (run === undefined) throw new Error('no run');
    const timeouts: number[] = [];
    for (let execution = run.execution_run_id ?? ''; execution !== '';) {
      const events = await historyOf(run, execution);
      timeouts.push(taskTimeout(events));
      execution = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? '';
    }
    expect(timeouts.length).toBeGreaterThan(1);
    expect(new Set(timeouts)).toEqual(new Set([30]));
    await worker.stop();
  }, 360_000);

  test('a wake is sent once, even if the run takes long to end after it', async () => {
    const worker = await engine.worker();
    const id = await engine.save(`
name: woken once
triggers: [{ event: automation.event, config: { type: sleeps } }]
actions:
  - wait_for_trigger: { event: automation.event, config: { type: awake } }
  - { action: integration-webhook.send, config: { url: "$URL/last" }, timeout_seconds: 60 }`);
    engine.receiver.answerWith(async (_request, response) => {
      // This is longer than the time after which a wake without an effect is sent again.
      await pause(8_000);
      response.end('ok');
    });
    await engine.emit('sleeps');
    // Emit the event only after the first check of the wait, which would otherwise find it.
    const isChecked = async () => (await engine.database.pool.query('select 1 from waits where looked')).rowCount === 1;
    await until('the wait has been checked', isChecked);
    await engine.emit('awake');
    const [run] = await engine.ended(1, id, 60_000);
    if (run === undefined) throw new Error('no run');
    expect(run).toMatchObject({ status: 'success' });
    const events = await until('its execution is completed', async () => {
      const all = await historyOf(run);
      return all.some((event) => event.workflowExecutionCompletedEventAttributes) && all;
    });
    expect(events.filter((event) => event.workflowExecutionSignaledEventAttributes)).toHaveLength(1);
    expect(events.filter((event) => event.workflowTaskFailedEventAttributes)).toEqual([]);
    await worker.stop();
  }, 360_000);

  test('each run of a burst that waited for Temporal is started once', async () => {
    const port = await freePort();
    const worker = await engine.worker({ FERMATA_METRICS_PORT: String(port) });
    const id = await engine.save(`
name: burst
mode: parallel
max_runs: 1000
triggers: [{ event: automation.event, config: { type: burst } }]
actions: [{ action: integration-webhook.send, config: { url: "$URL/{{ trigger.payload.data.n }}" } }]`);
    await temporal.kill();
    for (let n = 0; n < 300; n += 1) await engine.emit('burst', { n });
    await until('all are admitted', async () => (await engine.runs(id)).length === 300, 60_000);
    // Wait longer than the time after which the start of a run is repeated if Temporal has not answered.
    await pause(6_000);
    const calls = async () => {
      const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return Number(/^fermata_temporal_calls_total\{call="describe"\} (\d+)$/m.exec(page)?.[1] ?? 0);
    };
    const before = await calls();
    await temporal.start();
    const runs = await engine.ended(300, id, 180_000);
    expect(runs.filter(({ status }) => status !== 'success')).toEqual([]);
    expect(engine.receiver.received).toHaveLength(300);
    // A start describes the execution if one with the same id already exists. A few such calls are allowed, because
    // responses may have been lost when the server was killed.
    expect((await calls()) - before).toBeLessThanOrEqual(3);
    await worker.stop();
  }, 300_000);
});
