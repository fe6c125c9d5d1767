import { DefaultLogger, Runtime, type LogLevel, type MetricsExporterConfig } from '@temporalio/worker';
import type { Logger } from '../log';
import type { OtlpSettings } from '../telemetry/otlp-settings';

const LEVELS: Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  // The SDK's info messages (states of a worker) are of interest only to the SDK's developers.
  INFO: 'debug',
  WARN: 'warn',
  ERROR: 'error',
};

/** Makes the SDK follow Prometheus' conventions for names and units: `_total`, `_seconds`. */
const CONVENTIONS = { countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true } as const;

const COMPRESSION = ['OTEL_EXPORTER_OTLP_COMPRESSION', 'OTEL_EXPORTER_OTLP_METRICS_COMPRESSION'] as const;

/** The SDK's warning about a worker that runs only activities. Each worker process has such a worker. */
const ONLY_ACTIVITIES = 'No workflows registered, not polling for workflow tasks';

type Facts = Record<string, unknown>;

/** Where the SDK's own metrics are sent or served. */
interface RuntimeMetrics {
  /** Port on the loopback address at which the metrics are served in Prometheus' text format. */
  port: number | undefined;
  /** OpenTelemetry collector to which the metrics are sent instead. */
  otlp: OtlpSettings | undefined;
}

/**
 * Passes the log of the SDK and its native core to Fermata's logger, and their metrics to the collector or the port.
 * Leaves out facts that mean nothing to a reader.
 * Call it once per process, before the first connection.
 */
export function installRuntime(log: Logger, { port, otlp }: RuntimeMetrics): void {
  const logger = new DefaultLogger(log.isLevelEnabled('debug') ? 'DEBUG' : 'WARN', ({ level, message, meta }) => {
    if (message === ONLY_ACTIVITIES) return;
    const { sdkComponent, taskQueue, error, timestampNanos, taskToken, isLocal, ...facts } = (meta ?? {}) as Facts;
    log[LEVELS[level]]({ ...facts, ...(error === undefined ? {} : { err: error }) }, message);
  });
  // The SDK supports only one of these two exporters.
  const metrics: MetricsExporterConfig | undefined =
    otlp !== undefined
      ? {
          otel: {
            url: `${otlp.endpoint}/v1/metrics`,
            headers: otlp.headers,
            http: true,
            metricsExportInterval: '15s',
          },
        }
      : port !== undefined
        ? { prometheus: { bindAddress: `127.0.0.1:${port}`, ...CONVENTIONS } }
        : undefined;
  // Without `forward`, the core writes its own coloured lines to the same output.
  const logging = { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } as const;
  // By default, the SDK shuts down its workers on a signal, and with them the connection, while routing still starts
  // runs on it. Instead, the process stops its parts in order.
  const shutdownSignals: [] = [];
  // The SDK's core reads these variables directly and refuses to start with gzip, which it was built without.
  for (const name of COMPRESSION) Reflect.deleteProperty(process.env, name);
  Runtime.install({ logger, shutdownSignals, telemetryOptions: { logging, ...(metrics && { metrics }) } });
}
