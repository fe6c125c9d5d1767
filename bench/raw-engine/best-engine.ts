import { Pool } from 'undici';
import { startChild } from '../../src/os/child';
import { until } from '../../test/support/until';
import type { Engine } from '../engine';
import type { Platform } from '../platform';
import { openExecutions } from './raw-engine';
import { BEST_WORKER_READY, type RawWorkerSettings } from './settings';

const CONNECTIONS = 64;

/**
 * Starts the worker of the best possible engine and waits until it is polling. With `databaseUrl`, it records its runs
 * there.
 */
export async function startBestEngine(
  { temporal, client, effects }: Platform,
  name: string,
  databaseUrl?: string,
): Promise<Engine & { stop(): Promise<void> }> {
  const { address, namespace } = temporal;
  const taskQueue = `bench-${name}`;
  const settings: RawWorkerSettings = { address, namespace, taskQueue, ...(databaseUrl && { databaseUrl }) };
  const lines: string[] = [];
  const worker = await startChild({
    command: process.execPath,
    args: [require.resolve('./best-worker'), JSON.stringify(settings)],
    onLine: (line) => lines.push(line),
  });
  const port = await until(
    'the worker of the engine at its best polls',
    () => {
      if (!worker.running) throw new Error(`The worker of the engine at its best ended:\n${lines.join('\n')}`);
      return lines.find((line) => line.startsWith(BEST_WORKER_READY))?.slice(BEST_WORKER_READY.length + 1);
    },
    60_000,
  );
  const http = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS });
  return {
    async start(run, requests) {
      const body = JSON.stringify({ workflowId: `${name}:${run}`, url: effects.url, run, effects: requests });
      const answer = await http.request({ path: '/', method: 'POST', body });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`The start of ${run} failed: ${text}`);
    },
    open: () => openExecutions(client, taskQueue),
    lastWorkflows: () => Promise.resolve([]),
    async stop() {
      await http.destroy();
      await worker.stop('SIGTERM', 10_000);
    },
  };
}
