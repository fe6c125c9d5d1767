import type { Registry } from 'prom-client';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import { otlpMetrics } from './otlp-metrics';

const PUSH_MS = 15_000;
const TIMEOUT_MS = 5_000;

interface PushDeps {
  /** OTEL_EXPORTER_OTLP_ENDPOINT; undefined = nothing is sent. */
  endpoint: string | undefined;
  /** `service.name` */
  service: string;
  instance: string;
  /** Asked each time, so that values that are read are fresh. */
  collect(): Promise<readonly Registry[]>;
  log: Logger;
}

/** Sends the metrics of this process to an OpenTelemetry collector (OTLP over HTTP) now and then, and when it is stopped. */
export function pushMetrics({ endpoint, service, instance, collect, log }: PushDeps): { stop(): Promise<void> } {
  if (endpoint === undefined) return { stop: () => Promise.resolve() };
  const startedAt = new Date();
  let failing = false;
  const push = async (): Promise<void> => {
    try {
      const body = await otlpMetrics(await collect(), { service, instance, startedAt, now: new Date() });
      const answer = await fetch(`${endpoint}/v1/metrics`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`it answered ${answer.status}`);
      failing = false;
    } catch (error) {
      if (!failing) log.warn(`metrics cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT: ${messageOf(error)}`);
      failing = true;
    }
  };
  const timer = setInterval(() => void push(), PUSH_MS).unref();
  return {
    async stop() {
      clearInterval(timer);
      await push();
    },
  };
}
