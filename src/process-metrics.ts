import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { packageVersion } from './package-version';

/** Default metrics of prom-client that are gauges with the names of counters. `promtool check metrics` rejects them. */
const MISNAMED = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total'];

/** Adds the metrics that every process has: those of Node.js, and `fermata_build_info`. */
export function collectProcessMetrics(register: Registry): void {
  collectDefaultMetrics({ register });
  for (const name of MISNAMED) register.removeSingleMetric(name);
  new Gauge({
    name: 'fermata_build_info',
    help: 'Version of Fermata and of Node that the process runs; always 1',
    labelNames: ['version', 'node'],
    registers: [register],
  }).set({ version: packageVersion(), node: process.version }, 1);
}
