import { parseJson as parseExact } from '../../domain/exact-json';
import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { FermataError } from '../../domain/errors';
import { jsonProblem } from '../../domain/json-problem';
import { parseYaml } from '../../domain/definition/yaml';
import type { Locate } from '../../domain/definition/yaml-locate';
import { locateJsonError, nestsTooDeep } from './json-text';
import { toStorable } from '../../domain/entities/storable';
import { assertStorableBody } from './stored-text';

/** Default maximum size of a body, in bytes. */
export const MAX_BODY_BYTES = 1_048_576;
/**
 * Once a body exceeds twice its size limit plus this number of bytes, the connection is closed. Until then, the rest of
 * a body that is too large is read and discarded, because a sender that is still sending may not read the response.
 */
const MAX_READ_BYTES = 16 * MAX_BODY_BYTES;

/** How the body is parsed. */
export type BodyFormat =
  /** `application/json` and `application/*+json`. */
  | 'json'
  /** JSON, or YAML if the content type is `application/yaml`. */
  | 'json-or-yaml'
  /** Any content type. The handler receives the bytes. */
  | 'raw';

/** The text of a body. It is kept to locate errors in it. */
export interface BodySource {
  text: string;
  /** Returns the line and column of a path such as `actions[0].config`. Only available for YAML. */
  locate?: Locate;
}

/** A parsed body. */
export interface ParsedBody {
  value: unknown;
  source?: BodySource;
}

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * Returns the decompressed bytes of a body.
 * @param maxBytes maximum size after decompression
 * @throws {FermataError} `body_too_large`, `malformed_body` when the body cannot be decompressed, `bad_request` when
 * the request ends early, `unsupported_media_type` for encodings other than gzip, deflate and br
 */
export async function readRaw(request: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return collect(request, request, maxBytes);
  const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (decoder === undefined) {
    throw new FermataError(
      'unsupported_media_type',
      `Content-Encoding "${encoding}" is not accepted; send gzip, deflate, br or no encoding.`,
    );
  }
  const stream = decoder();
  try {
    return await collect(request, request.pipe(stream), maxBytes);
  } catch (error) {
    throw error instanceof FermataError ? error : malformed(`The body is not valid ${encoding}`, undefined, error);
  } finally {
    request.unpipe(stream);
    stream.destroy();
    request.resume();
  }
}

/** Reads a body with listeners. An async iterator would cost more than all other work on a small body. */
function collect(request: IncomingMessage, stream: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const cutShort = () => new FermataError('bad_request', 'The request ended before its body.');
  if (request.destroyed) return Promise.reject(cutShort());
  return new Promise((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      const before = size;
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else if (before <= maxBytes)
        reject(new FermataError('body_too_large', `The body is larger than ${maxBytes} bytes.`));
      else if (stream === request && size > 2 * maxBytes + MAX_READ_BYTES) request.destroy();
    });
    stream.once('end', () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    stream.once('error', reject);
    request.once('error', reject);
    request.once('close', () => (request.readableEnded ? undefined : reject(cutShort())));
  });
}

/** Returns the media type in lower case and without parameters. Returns an empty string if the header is missing. */
export function mediaTypeOf(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Returns whether a media type is JSON: `application/json` or any `+json` type. */
export function isJsonType(type: string): boolean {
  return type === 'application/json' || /^application\/[\w.!#$&^-]+\+json$/.test(type);
}

/** Returns whether a media type is YAML: `application/yaml` (RFC 9512) or one of the older names. */
export function isYamlType(type: string): boolean {
  return ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'].includes(type);
}

/**
 * Parses a body. `value` is undefined if there is no body, or if the format is `raw`.
 * @throws {FermataError} `unsupported_media_type`; `malformed_body` with line and column; `invalid_text`;
 * `validation_failed` for a number that is too large; `body_too_large` for YAML; `limit_exceeded`
 */
export function parseBody(
  raw: Buffer,
  contentType: string | undefined,
  format: BodyFormat,
  parse: (text: string) => unknown = format === 'json-or-yaml' ? parseDocument : parseJson,
): ParsedBody {
  if (raw.length === 0 || format === 'raw') return { value: undefined };
  const type = mediaTypeOf(contentType);
  assertUtf8(contentType);
  if (isJsonType(type)) return { value: parse(decodeUtf8(raw)) };
  if (format === 'json-or-yaml' && isYamlType(type)) {
    const text = decodeUtf8(raw);
    const { value, locate } = parseYaml(text);
    assertStorableBody(value);
    return { value, source: { text, locate } };
  }
  const accepted = format === 'json' ? 'application/json' : 'application/json or application/yaml';
  throw new FermataError(
    'unsupported_media_type',
    `Content-Type ${type === '' ? 'is missing' : `"${type}" is not accepted`}; send ${accepted}.`,
  );
}

/**
 * Parses a YAML body like `parseBody`, but calls `parse`, which may use another thread. The result has no `locate`, so
 * the caller must find the positions of findings in another way.
 */
export async function parseLargeYaml(
  raw: Buffer,
  contentType: string | undefined,
  parse: (text: string) => Promise<unknown>,
): Promise<ParsedBody> {
  assertUtf8(contentType);
  const text = decodeUtf8(raw);
  const value = await parse(text);
  assertStorableBody(value);
  return { value, source: { text } };
}

function assertUtf8(contentType: string | undefined): void {
  const charset = /;\s*charset\s*=\s*"?([\w-]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase();
  if (charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii') return;
  throw new FermataError('unsupported_media_type', `Charset "${charset}" is not accepted; send UTF-8.`);
}

/**
 * Decodes UTF-8.
 * @throws {FermataError} `malformed_body`
 */
export function decodeUtf8(raw: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch (error) {
    throw malformed('The body is not valid UTF-8', undefined, error);
  }
}

/**
 * Parses JSON and returns its value. Numbers that would lose digits are returned as strings.
 * @throws {FermataError} as `parseBody`
 */
export function parseJson(text: string): unknown {
  const value = readJson(text, JSON.parse);
  // Refuse numbers beyond the range of a double, before they can be converted to text.
  assertStorableBody(value, text);
  return parseExact(text);
}

/**
 * Parses JSON like `parseJson`, except that numbers that would lose digits are not returned as strings. The document
 * validator reports such numbers.
 */
function parseDocument(text: string): unknown {
  const value = readJson(text, JSON.parse);
  assertStorableBody(value, text);
  return value;
}

/**
 * Parses JSON from a third party and returns its value. NUL and lone surrogates are replaced by U+FFFD, because the
 * sender cannot fix its message and would not send it again.
 * @throws {FermataError} as `parseBody`, except `invalid_text`
 */
export function parseForeignJson(text: string): unknown {
  return toStorable(readJson(text, parseExact));
}

function readJson(text: string, parse: (text: string) => unknown): unknown {
  if (nestsTooDeep(text)) throw new FermataError('limit_exceeded', 'The body is nested too deeply.');
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw malformed('The body is not valid JSON', locateJsonError(text), error);
  }
  return value;
}

function malformed(what: string, place: { line: number; column: number } | undefined, cause: unknown): FermataError {
  const where = place === undefined ? '' : `, line ${place.line}, column ${place.column}`;
  const message = `${what}${where}`;
  return new FermataError('malformed_body', `${message}.`, {
    errors: [{ path: '', code: 'malformed_body', message: jsonProblem(cause) ?? message, ...place }],
    cause,
  });
}
