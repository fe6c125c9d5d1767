import { createServer } from 'node:http';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import type { Config } from '../../config';
import { messageOf } from '../../domain/errors';
import type { Logger } from '../../log';

/** What a worker counts (api.md, Metrics); the API's `/metrics` has what lies in the database. */
export interface WorkerMetrics {
  outcome: (outcome: string) => void;
  temporalCall: (call: string) => void;
  action: (action: string, outcome: 'success' | 'failed', seconds: number) => void;
  reconciled: (count: number) => void;
  runEnded: (status: string) => void;
  maskHits: (count: number) => void;
  wake: (result: 'signalled' | 'false') => void;
  /** Seconds from the commit of a change to its routing. */
  routed: (lagSeconds: number) => void;
  /** Serves them at `/metrics` where FERMATA_METRICS_PORT says; without it nowhere. */
  serve(config: Config, log: Logger): Promise<{ close(): Promise<void> }>;
}

/** Metrics of one worker process. */
export function createWorkerMetrics(): WorkerMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const evaluations = new Counter({
    name: 'fermata_evaluations_total',
    help: 'Candidates by outcome; "run" became a run',
    labelNames: ['outcome'],
    registers,
  });
  const calls = new Counter({
    name: 'fermata_temporal_calls_total',
    help: 'Calls to Temporal made for runs',
    labelNames: ['call'],
    registers,
  });
  const actions = new Histogram({
    name: 'fermata_action_seconds',
    help: 'Time of provider actions, without pauses between attempts',
    labelNames: ['action', 'outcome'],
    registers,
  });
  const reconciled = new Counter({
    name: 'fermata_reconciled_total',
    help: 'Rows and executions that disagreed and were repaired',
    registers,
  });
  const runs = new Counter({
    name: 'fermata_runs_total',
    help: 'Runs that ended by themselves on this worker, by status',
    labelNames: ['status'],
    registers,
  });
  const wakes = new Counter({
    name: 'fermata_wakes_total',
    help: 'Waits that a change was held against; "signalled" were told to look',
    labelNames: ['result'],
    registers,
  });
  const maskHits = new Counter({
    name: 'fermata_mask_hits_total',
    help: 'Occurrences of secrets that were hidden in what runs left',
    registers,
  });
  const lag = new Histogram({
    name: 'fermata_routing_lag_seconds',
    help: 'Time from the commit of a change until it was looked at',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
    registers,
  });
  return {
    maskHits: (count) => maskHits.inc(count),
    wake: (result) => wakes.inc({ result }),
    runEnded: (status) => runs.inc({ status }),
    routed: (lagSeconds) => lag.observe(lagSeconds),
    outcome: (outcome) => evaluations.inc({ outcome }),
    temporalCall: (call) => calls.inc({ call }),
    action: (action, outcome, seconds) => actions.observe({ action, outcome }, seconds),
    reconciled: (count) => reconciled.inc(count),
    serve: (config, log) => serve(registry, config, log),
  };
}

function serve(registry: Registry, config: Config, log: Logger): Promise<{ close(): Promise<void> }> {
  const { host, metricsPort } = config;
  if (metricsPort === undefined) return Promise.resolve({ close: () => Promise.resolve() });
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') return void response.writeHead(404).end();
    void registry.metrics().then((text) => response.setHeader('content-type', registry.contentType).end(text));
  });
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return new Promise((resolve) => {
    server.once('error', (error) => {
      log.warn({ reason: messageOf(error), port: metricsPort }, 'the worker goes on without serving its metrics');
      resolve({ close: () => Promise.resolve() });
    });
    server.listen(metricsPort, host, () => resolve({ close }));
  });
}
