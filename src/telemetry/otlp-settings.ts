import { z } from 'zod';

/** An OpenTelemetry collector and how to reach it. */
export interface OtlpSettings {
  /** Base URL without a trailing slash. Metrics are sent to `<endpoint>/v1/metrics`. */
  endpoint: string;
  /** Headers that are sent with each request, e.g. credentials. */
  headers: Record<string, string>;
  compression: z.infer<typeof OtlpCompression>;
}

export const OtlpCompression = z.enum(['none', 'gzip'], 'must be none or gzip');

/**
 * `OTEL_EXPORTER_OTLP_HEADERS`: `name=value` pairs, separated by commas, with URL-encoded values (see OpenTelemetry's
 * exporter page).
 */
export const OtlpHeaders = z.string().transform((text, context) => {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const [, name, value] = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    const decoded = value === undefined ? undefined : decodedOf(value);
    if (name === undefined || decoded === undefined) {
      context.addIssue('must be comma-separated name=value pairs, with values percent-encoded as in URLs');
      return z.NEVER;
    }
    headers[name] = decoded;
  }
  return headers;
});

/** Returns the settings of the collector, or undefined if no endpoint is set. */
export function otlpSettings(env: {
  OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
  OTEL_EXPORTER_OTLP_HEADERS?: Record<string, string> | undefined;
  OTEL_EXPORTER_OTLP_COMPRESSION: OtlpSettings['compression'];
}): OtlpSettings | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_COMPRESSION: compression } = env;
  return endpoint === undefined ? undefined : { endpoint, headers: env.OTEL_EXPORTER_OTLP_HEADERS ?? {}, compression };
}

function decodedOf(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text);
    return /^[\t\x20-\x7e\x80-\xff]*$/.test(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}
