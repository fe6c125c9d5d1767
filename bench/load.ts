import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../test/support/until';
import type { Effects } from './effects';
import type { Engine } from './engine';
import type { Volume } from './statistics';

/** Runs that send the same number of requests, on one engine. */
export interface Load {
  engine: Engine;
  effects: Effects;
  /** Number of requests that each run sends. */
  requests: number;
}

let started = 0;

/**
 * Starts one run. Returns the milliseconds from just before the start of the run to the arrival of its last request.
 */
async function runOnce({ engine, effects, requests }: Load): Promise<number> {
  const run = `run-${(started += 1)}`;
  const arrival = effects.expect(run, requests);
  const before = performance.now();
  await Promise.all([arrival, engine.start(run, requests)]);
  return (await arrival) - before;
}

/** Waits until every execution has closed, so that the next measurement is not disturbed. */
async function settled({ engine }: Load): Promise<void> {
  await until('every run has closed', async () => (await engine.open()) === 0, 180_000);
}

/**
 * Keeps `atATime` runs in flight for `seconds` seconds: whenever a run's last request arrives, another run starts. The
 * returned duration includes the time until every execution has closed.
 */
export async function keepInFlight(load: Load, atATime: number, seconds: number): Promise<Volume> {
  const begin = performance.now();
  let count = 0;
  const lane = async () => {
    while (performance.now() - begin < seconds * 1000) {
      await runOnce(load);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: atATime }, lane));
  await settled(load);
  return { count, ms: performance.now() - begin };
}

/**
 * Starts runs at a fixed pace, whether or not earlier runs have finished. Returns the duration of each run in
 * milliseconds.
 */
export async function atPace(load: Load, perSecond: number, seconds: number): Promise<number[]> {
  const begin = performance.now();
  const runs: Promise<number>[] = [];
  for (let n = 0; n < perSecond * seconds; n += 1) {
    const due = begin + (n * 1000) / perSecond;
    await sleep(Math.max(0, due - performance.now()));
    runs.push(runOnce(load));
  }
  const times = await Promise.all(runs);
  await settled(load);
  return times;
}

/** Starts `count` runs at once. The returned duration includes the time until every execution has closed. */
export async function burst(load: Load, count: number): Promise<Volume> {
  const begin = performance.now();
  await Promise.all(Array.from({ length: count }, () => runOnce(load)));
  await settled(load);
  return { count, ms: performance.now() - begin };
}
