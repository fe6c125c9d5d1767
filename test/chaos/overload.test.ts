import { setTimeout as pause } from 'node:timers/promises';
import { residentMb } from '../../bench/resident';
import { percentile } from '../../bench/statistics';
import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { startTemporal } from '../support/services';
import { until } from '../support/until';
import { createFlood, type Flood } from './flood';
import { expectNoDuplicateRuns, expectNothingLeft, expectNoOpenExecutions } from './invariants';

const SECONDS = Number(process.env['FERMATA_CHAOS_OVERLOAD_SECONDS'] ?? 180);
/** Events are sent at this multiple of the sustainable rate. */
const FACTOR = 5;
/** Number of events in the burst that measures the sustainable rate. */
const BURST = 1_000;
const QUIET_ALONE = 100;
/**
 * Rate of events for the quiet automation, as a share of the sustainable rate. With four noisy automations, the fair
 * share of the quiet automation would be a fifth.
 */
const QUIET_SHARE = 1 / 40;
const NOISY = ['noisy.0', 'noisy.1', 'noisy.2', 'noisy.3'];
const QUIET = 'quiet';
/**
 * Maximum memory of a process in MB. `MAX_GROWTH` is the maximum ratio of this memory to its maximum in the first third
 * of the load.
 */
const MAX_MB = 700;
const MAX_GROWTH = 1.5;

const automation = (type: string) => `
name: ${type}
mode: parallel
concurrency_scope: context_key
max_runs: 1000
triggers: [{ event: automation.event, config: { type: ${type} } }]
actions: [{ action: integration-webhook.send, config: { url: "$URL/{{ trigger.payload.subject }}" } }]
`;

describe('events at five times the rate that one worker can sustain', () => {
  let engine: Engine;
  let temporal: Awaited<ReturnType<typeof startTemporal>>;
  let api: FermataProcess & { url: string };
  let worker: FermataProcess;
  let flood: Flood;
  beforeAll(async () => {
    temporal = await startTemporal();
    engine = await startEngine({ temporal });
    for (const type of [...NOISY, QUIET]) await engine.save(automation(type));
    api = await engine.api();
    worker = await engine.worker();
    flood = createFlood(engine, api);
  }, 120_000);
  afterAll(async () => {
    await engine.close();
    await temporal.destroy();
  });

  test(
    'have their effect once if they are accepted, use limited memory, and delay a quiet automation at most threefold',
    async () => {
      await flood.burst(NOISY, 300);
      await drained(120_000);
      const alone = await quietTimes(QUIET_ALONE);
      const sustainable = await measureRate();
      const memory = watchMemory({ api, worker });
      const load = flood.atPace(NOISY, FACTOR * sustainable, SECONDS);
      const underLoad = await quietTimesDuring(load, QUIET_SHARE * sustainable);
      const backlog = flood.accepted.size - flood.arrived.size;
      await drained((SECONDS * FACTOR * 2 + 120) * 1000);
      const resident = memory.stop();
      const p95 = { alone: percentile(alone, 0.95), underLoad: percentile(underLoad, 0.95) };
      console.log(
        JSON.stringify({
          sustainable: Math.round(sustainable),
          accepted: flood.accepted.size,
          refused: flood.refusals.length,
          backlog,
          quiet: { ...p95, slowest: Math.max(...underLoad), count: underLoad.length },
          memory: Object.fromEntries(Object.entries(resident).map(([name, each]) => [name, summary(each)])),
        }),
      );
      await expectAcceptedOnce();
      expectRetryableRefusals();
      for (const each of Object.values(resident)) expectBounded(each);
      expect(backlog).toBeGreaterThan(sustainable);
      expect(p95.underLoad).toBeLessThanOrEqual(3 * p95.alone);
    },
    (SECONDS * (FACTOR * 2 + 2) + 600) * 1000,
  );

  /** Returns the events per second of a burst, measured from the first request until the last run has ended. */
  async function measureRate(): Promise<number> {
    const begin = performance.now();
    await flood.burst(NOISY, BURST);
    await drained(120_000);
    return (BURST * 1000) / (performance.now() - begin);
  }

  /**
   * Sends events for the quiet automation one after another. Returns the milliseconds from each event to its effect.
   */
  async function quietTimes(count: number): Promise<number[]> {
    const times: number[] = [];
    for (let n = 0; n < count; n += 1) {
      times.push(await flood.once(QUIET));
      await pause(100);
    }
    return times;
  }

  /**
   * Sends events for the quiet automation at a fixed pace while `load` is running, even if earlier events have not had
   * their effect yet. Returns the milliseconds from each event to its effect.
   */
  async function quietTimesDuring(load: Promise<void>, perSecond: number): Promise<number[]> {
    let isOver = false;
    const over = load.finally(() => (isOver = true));
    const times: Promise<number>[] = [];
    while (!isOver) {
      times.push(flood.once(QUIET));
      await pause(1_000 / perSecond);
    }
    await over;
    return Promise.all(times);
  }

  const drained = (deadlineMs: number) =>
    until(
      'all accepted events are routed and all runs have ended',
      async () => {
        const { rows } = await engine.database.pool.query<{ left: boolean }>(`
          select exists (select 1 from changes where routed_at is null)
            or exists (select 1 from runs where status in ('pending', 'running', 'waiting')) as left`);
        return rows[0]?.left === false;
      },
      deadlineMs,
    );

  async function expectAcceptedOnce(): Promise<void> {
    const { accepted, arrived } = flood;
    expect([...accepted].filter((subject) => !arrived.has(subject))).toEqual([]);
    expect([...arrived.keys()].filter((subject) => !accepted.has(subject))).toEqual([]);
    expect([...arrived].filter(([, keys]) => keys.size !== 1)).toEqual([]);
    const { rows } = await engine.database.pool.query<{ status: string; count: number }>(
      `select status, count(*)::int as count from runs group by status`,
    );
    expect(rows).toEqual([{ status: 'success', count: accepted.size }]);
    await expectNoDuplicateRuns(engine);
    await expectNothingLeft(engine);
    await expectNoOpenExecutions(engine);
  }

  function expectRetryableRefusals(): void {
    const others = flood.refusals.filter(
      ({ status, retryAfter, code }) =>
        ![429, 503].includes(status) || !(Number(retryAfter) >= 1) || typeof code !== 'string',
    );
    expect(others).toEqual([]);
  }
});

/** Samples the resident memory of each process every half second. `stop` returns the samples in MB. */
function watchMemory<Names extends string>(processes: Record<Names, FermataProcess>) {
  const samples = Object.fromEntries(Object.keys(processes).map((name) => [name, []])) as unknown as Record<
    Names,
    number[]
  >;
  const timer = setInterval(() => {
    for (const name of Object.keys(processes) as Names[])
      samples[name].push(residentMb(processes[name].child.pid ?? 0));
  }, 500);
  return {
    stop() {
      clearInterval(timer);
      return samples;
    },
  };
}

function summary(samples: readonly number[]) {
  const early = samples.slice(0, Math.ceil((SECONDS * 2) / 3));
  return { first: samples[0], early: Math.max(...early), highest: Math.max(...samples) };
}

function expectBounded(samples: readonly number[]): void {
  const { early, highest } = summary(samples);
  expect(highest).toBeLessThanOrEqual(Math.min(MAX_MB, MAX_GROWTH * early));
}
