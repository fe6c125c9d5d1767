import { DefaultLogger, Runtime, type LogLevel, type MetricsExporterConfig } from '@temporalio/worker';
import type { Logger } from '../log';

const LEVELS: Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  // What the SDK says at info (a worker's states) is of interest to its developers only.
  INFO: 'debug',
  WARN: 'warn',
  ERROR: 'error',
};

/** Names and units as Prometheus asks for them: `_total`, `_seconds`. */
const CONVENTIONS = { countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true } as const;

/** Where the SDK's own metrics go. */
interface RuntimeMetrics {
  /** Port on loopback at which they are served in Prometheus' text format. */
  port: number | undefined;
  /** OpenTelemetry collector (OTLP over HTTP) that they are sent to instead. */
  otlpEndpoint: string | undefined;
}

/** Sends the log of the SDK and of its native core through ours, and its metrics where they are wanted. Once in a process, before the first connection. */
export function installRuntime(log: Logger, { port, otlpEndpoint }: RuntimeMetrics): void {
  const logger = new DefaultLogger(log.isLevelEnabled('debug') ? 'DEBUG' : 'WARN', ({ level, message, meta }) => {
    const { sdkComponent, taskQueue, error, timestampNanos, ...facts } = (meta ?? {}) as Record<string, unknown>;
    log[LEVELS[level]]({ ...facts, ...(error === undefined ? {} : { err: error }) }, message);
  });
  // Of the two the SDK can do one.
  const metrics: MetricsExporterConfig | undefined =
    otlpEndpoint !== undefined
      ? { otel: { url: `${otlpEndpoint}/v1/metrics`, http: true, metricsExportInterval: '15s' } }
      : port !== undefined
        ? { prometheus: { bindAddress: `127.0.0.1:${port}`, ...CONVENTIONS } }
        : undefined;
  // Without `forward` the core writes its own coloured lines to the same output.
  const logging = { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } as const;
  // By default the SDK shuts its workers down on a signal, and with them the connection, while routing still starts runs on it.
  // The process stops its parts in order instead.
  const shutdownSignals: [] = [];
  Runtime.install({ logger, shutdownSignals, telemetryOptions: { logging, ...(metrics && { metrics }) } });
}
