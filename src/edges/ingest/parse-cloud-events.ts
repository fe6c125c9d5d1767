import { parseJson } from '../../domain/exact-json';
import { FermataError } from '../../domain/errors';
import { toCloudEvent, type CloudEvent } from './cloud-event';

/** Headers as Node returns them, with lower-case names. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

function textOf(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  return Buffer.isBuffer(body) ? body.toString('utf8') : undefined;
}

function jsonOf(body: unknown): unknown {
  const text = textOf(body);
  if (text === undefined) return body;
  try {
    return parseJson(text);
  } catch (cause) {
    throw new FermataError('malformed_body', 'The body is not valid JSON', { cause });
  }
}

/**
 * Decodes a header value in binary mode. The HTTP binding percent-encodes all characters except printable ASCII.
 * @throws {FermataError} `bad_request` for an invalid encoding
 */
function decodeHeader(name: string, value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw new FermataError('bad_request', `The header ${name} has an invalid percent-encoding`, { cause });
  }
}

function dataOf(contentType: string, body: unknown): Record<string, unknown> {
  if (/[/+]json\b/i.test(contentType)) {
    const empty = textOf(body) === '' || body === undefined;
    return empty ? {} : { data: jsonOf(body) };
  }
  if (body === undefined || (Buffer.isBuffer(body) && body.length === 0)) return {};
  if (contentType.startsWith('text/') || !Buffer.isBuffer(body)) return { data: textOf(body) ?? body };
  return { data_base64: body.toString('base64') };
}

function fromBinary(headers: Headers, contentType: string, body: unknown): CloudEvent {
  const attributes = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith('ce-') && typeof value === 'string' ? [[name.slice(3), decodeHeader(name, value)] as const] : [],
  );
  return toCloudEvent({
    ...Object.fromEntries(attributes),
    ...(contentType !== '' && { datacontenttype: contentType }),
    ...dataOf(contentType, body),
  });
}

/**
 * Returns the events in a request, in any mode of the HTTP binding: binary (`ce-…` headers), structured
 * (`application/cloudevents+json`) or batched (`application/cloudevents-batch+json`). Plain `application/json` is read
 * as structured, or as batched if it is a list. `body` is bytes, text or parsed JSON.
 * @throws {FermataError} `malformed_body`, `validation_failed` (with `data.index` in a batch), `invalid_text`
 */
export function parseCloudEvents(headers: Headers, body: unknown): CloudEvent[] {
  const header = headers['content-type'];
  const contentType = typeof header === 'string' ? header : '';
  const structured = /^application\/cloudevents(-batch)?\+json\b/i.exec(contentType);
  if (!structured && headers['ce-specversion'] !== undefined) return [fromBinary(headers, contentType, body)];
  const value = jsonOf(body);
  const batched = structured ? structured[1] !== undefined : Array.isArray(value);
  if (!batched) return [toCloudEvent(value)];
  if (!Array.isArray(value)) throw new FermataError('malformed_body', 'A batch of events must be a JSON list');
  return value.map((event, index) => toCloudEvent(event, index));
}
