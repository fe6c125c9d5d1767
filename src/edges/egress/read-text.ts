import { pipeline, type Readable, type Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { errorCode } from './error-code';

/** Decompression options that return the readable part of a truncated response. */
const LENIENT = { finishFlush: constants.Z_SYNC_FLUSH };
const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', () => createGunzip(LENIENT)],
  ['x-gzip', () => createGunzip(LENIENT)],
  ['deflate', () => createInflate(LENIENT)],
  ['br', () => createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH })],
]);

/**
 * Returns the response text. Reads at most `maxBytes`, both on the wire and after decompression. Requests announce
 * support for no content coding, but a body with one known coding is decoded. Returns an empty string for an unknown
 * coding and for several codings. Text after a decoding error is dropped without throwing, because the server has
 * already processed the request.
 */
export async function readText(body: Readable, headers: Record<string, string>, maxBytes: number): Promise<string> {
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const decode = textDecoder(headers['content-type']);
  if (coding === '' || coding === 'identity') return decode(await collect(atMost(body, maxBytes)));
  const decoder = DECODERS.get(coding)?.();
  if (!decoder) {
    body.on('error', () => undefined).destroy();
    return '';
  }
  pipeline(
    body,
    (source: Readable) => atMost(source, maxBytes),
    decoder,
    () => undefined,
  );
  return decode(await collect(atMost(decoder, maxBytes)));
}

/**
 * Passes the UTF-8 text of a body to `onText` in pieces, as they arrive. A character that is split between two pieces
 * is passed on whole.
 */
export async function passOn(body: AsyncIterable<Buffer>, onText: (text: string) => Promise<void>): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of body) await onText(decoder.decode(chunk, { stream: true }));
}

async function* atMost(source: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let room = maxBytes;
  for await (const chunk of source) {
    yield chunk.length > room ? chunk.subarray(0, room) : chunk;
    room -= chunk.length;
    if (room <= 0) return;
  }
}

/** Returns the data up to the position at which decoding fails. */
async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of source) chunks.push(chunk);
  } catch (error) {
    if (!isCodingError(error)) throw error;
  }
  return Buffer.concat(chunks);
}

/**
 * Returns whether an error was raised by decompression. Error codes start with `Z_` in zlib and with `ERR_` in Brotli.
 */
function isCodingError(error: unknown): boolean {
  const code = errorCode(error) ?? '';
  return /^(Z_|ERR_)/.test(code) && code !== 'ERR_STREAM_PREMATURE_CLOSE';
}

/**
 * Returns a decoder for the charset of the response. Uses UTF-8 if the charset is missing or unknown. The decoder never
 * throws.
 */
function textDecoder(contentType: string | undefined): (bytes: Buffer) => string {
  const charset = /;\s*charset="?([^\s";]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8';
  try {
    const decoder = new TextDecoder(charset);
    return (bytes) => decoder.decode(bytes);
  } catch {
    return (bytes) => bytes.toString('utf8');
  }
}
