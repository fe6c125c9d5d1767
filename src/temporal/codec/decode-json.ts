import type { PayloadCodec } from '@temporalio/common';
import { payloadFromJson, payloadToJson } from './payload-json';

/**
 * Decrypts every encrypted payload in a JSON document, such as a history from `temporal workflow show --output json`. A
 * decrypted payload that contains JSON is replaced by its value. Payloads that are not encrypted are left unchanged.
 * @throws {PayloadCodecError} when a key is missing or a payload was modified
 */
export async function decodeJson(document: unknown, codec: PayloadCodec): Promise<unknown> {
  if (Array.isArray(document)) return Promise.all(document.map((item) => decodeJson(item, codec)));
  if (typeof document !== 'object' || document === null) return document;
  const { metadata, data } = document as { metadata?: unknown; data?: unknown };
  if (isTexts(metadata) && metadata['encoding'] !== undefined && typeof data === 'string') {
    const given = payloadFromJson({ metadata, data });
    const [decoded = given] = await codec.decode([given]);
    return decoded === given ? document : valueOf(payloadToJson(decoded));
  }
  const entries = Object.entries(document).map(async ([key, value]) => [key, await decodeJson(value, codec)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

function isTexts(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && Object.values(value).every((each) => typeof each === 'string');
}

function valueOf(payload: { metadata: Record<string, string>; data: string }): unknown {
  const encoding = Buffer.from(payload.metadata['encoding'] ?? '', 'base64').toString('utf8');
  if (encoding === 'binary/null') return null;
  if (encoding !== 'json/plain') return payload;
  return JSON.parse(Buffer.from(payload.data, 'base64').toString('utf8')) as unknown;
}
