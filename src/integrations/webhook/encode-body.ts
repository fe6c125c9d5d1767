import type { WebhookConfig } from './config';

const MEDIA_TYPES = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  text: 'text/plain; charset=utf-8',
} as const satisfies Record<WebhookConfig['contentType'], string>;

/** The encoded body, or null for a request without a body. */
export type EncodedBody = { text: string; mediaType: string } | null;

/** Encodes a body according to its content type. Text is sent unchanged. Forms encode lists as repeated fields. */
export function encodeBody({ body, contentType }: Pick<WebhookConfig, 'body' | 'contentType'>): EncodedBody {
  if (body === undefined) return null;
  const mediaType = MEDIA_TYPES[contentType];
  if (typeof body !== 'object') return { text: String(body), mediaType };
  if (contentType !== 'form' || Array.isArray(body)) return { text: JSON.stringify(body), mediaType };
  const fields = Object.entries(body).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one: unknown): [string, string] => [name, fieldText(one)]),
  );
  return { text: new URLSearchParams(fields).toString(), mediaType };
}

function fieldText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
