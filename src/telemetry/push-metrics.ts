import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { Registry } from 'prom-client';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import { packageVersion } from '../package-version';
import type { OtlpSettings } from './otlp-settings';
import { createPrometheusProducer } from './prometheus-producer';

const EXPORT_EVERY_MS = 15_000;
/**
 * Time limit in milliseconds for one export, including retries. The last export delays the end of the process by at
 * most this time.
 */
const EXPORT_TIMEOUT_MS = 5_000;

interface PushDeps {
  /** The collector; undefined = metrics are not sent. */
  otlp: OtlpSettings | undefined;
  /** Value of `service.name`. */
  service: string;
  /** Value of `service.instance.id`. */
  instance: string;
  /** Called at each export, so that values from the database are current. */
  collect(): Promise<readonly Registry[]>;
  log: Logger;
}

/**
 * Sends the metrics of this process to an OpenTelemetry collector (OTLP over HTTP, JSON) every 15 s, and a final time
 * at `stop`. Retries when the collector marks a refusal as temporary. Of several consecutive failures, only the first
 * is logged.
 */
export function pushMetrics({ otlp, service, instance, collect, log }: PushDeps): { stop(): Promise<void> } {
  if (otlp === undefined) return { stop: () => Promise.resolve() };
  const now = () => new Date();
  const producer = createPrometheusProducer({ registries: collect, startedAt: now(), now });
  const report = failureReport(log);
  const reader = new PeriodicExportingMetricReader({
    exporter: createExporter(otlp, report),
    exportIntervalMillis: EXPORT_EVERY_MS,
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
    metricProducers: [
      {
        async collect() {
          const collected = await producer.collect();
          collected.errors.forEach(report);
          return collected;
        },
      },
    ],
  });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.instance.id': instance,
      'service.version': packageVersion(),
    }),
    readers: [reader],
  });
  return { stop: () => provider.shutdown().catch(report) };
}

/**
 * Creates the exporter. The SDK also reads headers, certificates and timeouts from the standard `OTEL_EXPORTER_OTLP_*`
 * variables.
 */
function createExporter({ endpoint, headers, compression }: OtlpSettings, report: (error: unknown) => void) {
  const exporter = new OTLPMetricExporter({
    url: `${endpoint}/v1/metrics`,
    headers,
    compression: compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  return {
    export(metrics, done) {
      exporter.export(metrics, (result) => {
        report(result.error);
        // Without this, the SDK would pass a failure to a handler of the whole process.
        done({ code: 0 });
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    selectAggregationTemporality: (type) => exporter.selectAggregationTemporality(type),
  } satisfies PushMetricExporter;
}

/**
 * Returns a function that logs an error, unless the previous result was an error, too. It is called with undefined
 * after a success.
 */
function failureReport(log: Logger): (error: unknown) => void {
  let isFailing = false;
  return (error) => {
    if (error !== undefined && !isFailing)
      log.warn(`failed to send metrics to OTEL_EXPORTER_OTLP_ENDPOINT: ${messageOf(error)}`);
    isFailing = error !== undefined;
  };
}
