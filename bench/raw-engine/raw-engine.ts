import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { startChild } from '../../src/os/child';
import { until } from '../../test/support/until';
import type { Engine } from '../engine';
import type { Platform } from '../platform';
import { residentMb } from '../resident';
import type { Volume } from '../statistics';
import { RAW_WORKER_READY, type RawWorkerSettings } from './settings';

const TASK_QUEUE = 'bench-raw';

/** Temporal without Fermata: one worker process on the same dev server. */
export interface RawEngine extends Engine {
  /**
   * Starts workflows that end immediately, `atATime` concurrently, for `seconds` seconds. Waits until all have closed.
   * Returns their number and the total time.
   */
  doNothing(atATime: number, seconds: number): Promise<Volume>;
  /** Starts `count` workflows with a start delay. Returns the number of starts per second. */
  delayed(count: number, delayMs: number): Promise<number>;
  /**
   * Starts `count` workflows that are due at the same instant. Returns how many ended per second after that instant.
   */
  dueAtOnce(count: number, inMs: number): Promise<number>;
  /**
   * Starts `count` workflows that wait for a signal, and signals them one after another. Returns the milliseconds from
   * each signal to the end of its workflow.
   */
  signalled(count: number): Promise<number[]>;
  /** Returns the memory of the worker process in MB. */
  resident(): number;
  stop(): Promise<void>;
}

/** Starts the bare worker and waits until it is polling. */
export async function startRawEngine({ temporal, client, effects }: Platform): Promise<RawEngine> {
  const settings: RawWorkerSettings = {
    address: temporal.address,
    namespace: temporal.namespace,
    taskQueue: TASK_QUEUE,
  };
  const lines: string[] = [];
  const worker = await startChild({
    command: process.execPath,
    args: [require.resolve('./worker'), JSON.stringify(settings)],
    onLine: (line) => lines.push(line),
  });
  await until(
    'the bare worker polls',
    () => {
      if (!worker.running) throw new Error(`The bare worker ended:\n${lines.join('\n')}`);
      return lines.includes(RAW_WORKER_READY);
    },
    60_000,
  );
  const last = new Map<number, string[]>();
  const open = () => openExecutions(client, TASK_QUEUE);
  return {
    open,
    async start(run, requests) {
      const workflowId = `raw:${run}`;
      const input = { url: effects.url, run, effects: requests };
      await client.workflow.start('sendRequests', { workflowId, taskQueue: TASK_QUEUE, args: [input] });
      last.set(requests, [...(last.get(requests) ?? []).slice(-99), workflowId]);
    },
    lastWorkflows: (requests, limit) => Promise.resolve((last.get(requests) ?? []).slice(-limit)),
    doNothing: (atATime, seconds) => startNothing(client, open, atATime, seconds),
    delayed: (count, delayMs) => startDelayed(client, count, () => delayMs),
    async dueAtOnce(count, inMs) {
      const due = Date.now() + inMs;
      await startDelayed(client, count, () => Math.max(1, due - Date.now()));
      await sleep(Math.max(0, due - Date.now()));
      const query = `TaskQueue = "${TASK_QUEUE}" and WorkflowId STARTS_WITH "raw:due-${delays}-" and ExecutionStatus = "Completed"`;
      await until('all have ended', async () => (await client.workflow.count(query)).count >= count, 120_000);
      return (count * 1000) / (Date.now() - due);
    },
    signalled: (count) => signalEach(client, count),
    resident: () => residentMb(worker.pid),
    stop: async () => void (await worker.stop('SIGTERM', 10_000)),
  };
}

/** Returns the number of running executions on a task queue, excluding housekeeping. */
export async function openExecutions(client: Client, taskQueue: string): Promise<number> {
  const query = `TaskQueue = "${taskQueue}" and ExecutionStatus = "Running" and WorkflowType != "housekeeping"`;
  return (await client.workflow.count(query)).count;
}

let delays = 0;
const STARTS_AT_A_TIME = 20;

async function startDelayed(client: Client, count: number, delayMs: () => number): Promise<number> {
  delays += 1;
  const begin = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const workflowId = `raw:due-${delays}-${(next += 1)}`;
      await client.workflow.start('doNothing', { workflowId, taskQueue: TASK_QUEUE, startDelay: delayMs() });
    }
  };
  await Promise.all(Array.from({ length: STARTS_AT_A_TIME }, lane));
  return (count * 1000) / (performance.now() - begin);
}

let nothings = 0;

async function startNothing(
  client: Client,
  open: () => Promise<number>,
  atATime: number,
  seconds: number,
): Promise<Volume> {
  const begin = performance.now();
  let count = 0;
  const lane = async () => {
    while (performance.now() - begin < seconds * 1000) {
      const workflowId = `raw:nothing-${(nothings += 1)}`;
      await client.workflow.execute('doNothing', { workflowId, taskQueue: TASK_QUEUE });
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: atATime }, lane));
  await until('every bare workflow has closed', async () => (await open()) === 0, 60_000);
  return { count, ms: performance.now() - begin };
}

async function signalEach(client: Client, count: number): Promise<number[]> {
  const handles = await Promise.all(
    Array.from({ length: count }, (_, n) =>
      client.workflow.start('waitForSignal', { workflowId: `raw:signalled-${n}`, taskQueue: TASK_QUEUE }),
    ),
  );
  await sleep(2_000);
  const times: number[] = [];
  for (const handle of handles) {
    const began = performance.now();
    await handle.signal('go');
    await handle.result();
    times.push(performance.now() - began);
  }
  return times;
}
