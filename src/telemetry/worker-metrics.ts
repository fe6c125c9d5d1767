import { createServer, type ServerResponse } from 'node:http';
import { Gauge, Registry } from 'prom-client';
import type { LoopWatch } from '../engine/loop-watch';
import type { Config } from '../config';
import type { DatabaseClock } from '../db/database-clock';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import { createProcessCounters } from '../process-counters';
import { collectProcessMetrics } from '../process-metrics';

/** The metrics of one worker process. They do not include ended runs, which the API counts from their rows. */
export interface WorkerMetrics {
  outcome: (outcome: string) => void;
  /** Called when a run was dropped because its mode allowed no further run. */
  dropped: (mode: string) => void;
  temporalCall: (call: string) => void;
  action: (action: string, outcome: 'success' | 'failed', seconds: number) => void;
  reconciled: (count: number) => void;
  runStarted: (isEager: boolean) => void;
  maskHits: (count: number) => void;
  wake: (result: 'signalled' | 'false') => void;
  /** Called with the seconds from the commit of a change to its routing. */
  routed: (lagSeconds: number) => void;
  /** Adds the state of these loops to the metrics and to `/healthz`. */
  watchLoops(watch: LoopWatch): void;
  /** Adds the metric of the difference between this machine's clock and the database's. */
  watchClock(clock: Pick<DatabaseClock, 'skewMs'>): void;
  /** Serves `/metrics` and `/healthz` at FERMATA_METRICS_PORT, or does nothing when the variable is not set. */
  serve(config: Config, deps: ServeDeps): Promise<{ close(): Promise<void> }>;
  registries: readonly Registry[];
}

/** Creates the metrics of one worker process. */
export function createWorkerMetrics(): WorkerMetrics {
  const counters = createProcessCounters();
  const own = new Registry();
  collectProcessMetrics(own);
  let loops: LoopWatch | undefined;
  collectLoops(own, () => loops);
  return {
    maskHits: (count) => counters.count('fermata_mask_hits_total', {}, count),
    wake: (result) => counters.count('fermata_wakes_total', { result }),
    runStarted: (isEager) => counters.count('fermata_run_starts_total', { eager: String(isEager) }),
    routed: (lagSeconds) => {
      counters.count('fermata_changes_total', {});
      counters.observe('fermata_routing_lag_seconds', {}, lagSeconds);
    },
    outcome: (outcome) => counters.count('fermata_evaluations_total', { outcome }),
    dropped: (mode) => counters.count('fermata_dropped_runs_total', { mode }),
    temporalCall: (call) => counters.count('fermata_temporal_calls_total', { call }),
    action: (action, outcome, seconds) => counters.observe('fermata_action_seconds', { action, outcome }, seconds),
    reconciled: (count) => counters.count('fermata_reconciled_total', {}, count),
    registries: [own, counters.registry],
    watchLoops: (watch) => void (loops = watch),
    watchClock: (clock) => collectSkew(own, clock),
    serve: (config, served) => serve([own, counters.registry], () => loops, config, served),
  };
}

interface ServeDeps {
  log: Logger;
  /** Port at which the SDK serves its own metrics, which are added to Fermata's; undefined = the SDK serves none. */
  sdkMetricsPort: number | undefined;
}

function serve(
  registries: readonly Registry[],
  loops: () => LoopWatch | undefined,
  { metricsHost, metricsPort }: Config,
  { log, sdkMetricsPort }: ServeDeps,
): Promise<{ close(): Promise<void> }> {
  if (metricsPort === undefined) return Promise.resolve({ close: () => Promise.resolve() });
  const server = createServer((request, response) => {
    if (request.url === '/healthz') return void sendHealth(response, loops());
    if (request.url !== '/metrics') return void response.writeHead(404).end();
    const parts = [...registries.map((each) => each.metrics()), sdkMetrics(sdkMetricsPort)];
    void Promise.all(parts).then((texts) =>
      response.setHeader('content-type', Registry.PROMETHEUS_CONTENT_TYPE).end(texts.join('\n')),
    );
  });
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return new Promise((resolve) => {
    server.once('error', (error) => {
      log.warn(
        { reason: messageOf(error), port: metricsPort },
        'failed to serve metrics; the worker runs without them',
      );
      resolve({ close: () => Promise.resolve() });
    });
    server.listen(metricsPort, metricsHost, () => resolve({ close }));
  });
}

/**
 * Returns the metrics of Temporal's SDK, or an empty string while they are unavailable, so that Fermata's own metrics
 * are still served.
 */
async function sdkMetrics(port: number | undefined): Promise<string> {
  if (port === undefined) return '';
  try {
    return await (await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(2_000) })).text();
  } catch {
    return '';
  }
}

/**
 * Answers 200 while every loop completes its iterations in time, otherwise 503. The body contains the state of each
 * loop.
 */
function sendHealth(response: ServerResponse, watch: LoopWatch | undefined): void {
  const loops = watch?.states() ?? [];
  const stalled = loops.some((loop) => loop.stalled);
  response.writeHead(stalled ? 503 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ status: stalled ? 'stalled' : 'ok', loops }));
}

function collectSkew(register: Registry, clock: Pick<DatabaseClock, 'skewMs'>): void {
  new Gauge({
    name: 'fermata_clock_skew_seconds',
    help: 'Seconds by which the clock of this machine is ahead of the clock of Postgres, which decides about deadlines',
    registers: [register],
    collect() {
      this.set(clock.skewMs() / 1_000);
    },
  });
}

function collectLoops(register: Registry, loops: () => LoopWatch | undefined): void {
  const common = { labelNames: ['loop'], registers: [register] };
  new Gauge({
    ...common,
    name: 'fermata_loop_age_seconds',
    help: 'Seconds since a periodic loop of this worker last finished a round',
    collect() {
      for (const { name, ageSeconds } of loops()?.states() ?? []) this.set({ loop: name }, ageSeconds);
    },
  });
  new Gauge({
    ...common,
    name: 'fermata_loop_restarts',
    help: 'Number of restarts of periodic loops by the watchdog',
    collect() {
      for (const { name, restarts } of loops()?.states() ?? []) this.set({ loop: name }, restarts);
    },
  });
}
