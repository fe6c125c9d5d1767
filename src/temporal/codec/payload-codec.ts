import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { keyIdOf } from '../../domain/secrets/cipher';

const ALGORITHM = 'aes-256-gcm';
/** Value of the `encoding` metadata of an encrypted payload, as in Temporal's samples. */
export const ENCRYPTED = 'binary/encrypted';
const CIPHER = 'AES-256-GCM';
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const { Payload: PayloadMessage } = temporal.api.common.v1;
const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('utf8');
const bytes = (value: string): Uint8Array => Buffer.from(value);

/** Thrown when a payload cannot be decrypted. The message names the missing key, but never the content. */
export class PayloadCodecError extends Error {
  override readonly name = 'PayloadCodecError';
}

export interface PayloadCodecOptions {
  /** Keys of 32 bytes. The first key encrypts, and all keys decrypt. */
  keys: readonly Buffer[];
  /** False = payloads are sent unencrypted. Encrypted payloads are still decrypted. */
  encrypts: boolean;
}

/**
 * Creates the codec for all data that is sent to Temporal: AES-256-GCM over the whole payload, with the id of the key
 * in the metadata. Each payload has its own key, which is derived from the installation's key and a random salt. The
 * number of payloads is therefore not limited, a sealed secret cannot be read as a payload, and a payload cannot be
 * read as a secret. `decode` leaves payloads that are not encrypted unchanged.
 * @throws {Error} when encryption is on and there are no keys
 */
export function createPayloadCodec({ keys, encrypts }: PayloadCodecOptions): PayloadCodec {
  const byId = new Map(keys.map((key) => [keyIdOf(key), key]));
  const [first] = byId;
  if (encrypts && first === undefined) throw new Error('Encryption of payloads needs at least one key.');
  return {
    encode: (payloads) =>
      Promise.resolve(encrypts && first ? payloads.map((payload) => encrypt(payload, first)) : payloads),
    // This is async, so that an error becomes a rejection.
    decode: async (payloads) => payloads.map((payload) => (isEncrypted(payload) ? decrypt(payload, byId) : payload)),
  };
}

/** Returns whether a payload was encrypted by a codec. */
export function isEncrypted({ metadata }: Payload): boolean {
  return text(metadata?.['encoding']) === ENCRYPTED;
}

function encrypt(payload: Payload, [keyId, key]: [string, Buffer]): Payload {
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, keyOf(key, salt), nonce);
  const clear = PayloadMessage.encode(payload).finish();
  return {
    metadata: {
      encoding: bytes(ENCRYPTED),
      'encryption-cipher': bytes(CIPHER),
      'encryption-key-id': bytes(keyId),
    },
    data: Buffer.concat([salt, nonce, cipher.update(clear), cipher.final(), cipher.getAuthTag()]),
  };
}

function decrypt({ metadata, data }: Payload, byId: ReadonlyMap<string, Buffer>): Payload {
  const keyId = text(metadata?.['encryption-key-id']);
  const key = byId.get(keyId);
  if (key === undefined) {
    throw new PayloadCodecError(
      `A payload was encrypted with key ${printable(keyId)}, which is not in FERMATA_SECRET_KEY.`,
    );
  }
  const all = Buffer.from(data ?? []);
  const [salt, nonce, rest] = [
    all.subarray(0, SALT_BYTES),
    all.subarray(SALT_BYTES, SALT_BYTES + NONCE_BYTES),
    all.subarray(SALT_BYTES + NONCE_BYTES),
  ];
  if (rest.length < TAG_BYTES) throw new PayloadCodecError('An encrypted payload is too short.');
  const decipher = createDecipheriv(ALGORITHM, keyOf(key, salt), nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(rest.subarray(-TAG_BYTES));
  try {
    const clear = Buffer.concat([decipher.update(rest.subarray(0, -TAG_BYTES)), decipher.final()]);
    return PayloadMessage.decode(clear);
  } catch {
    throw new PayloadCodecError(`A payload with the key id ${keyId} was modified, or was encrypted with another key.`);
  }
}

/** Returns the key of one payload. The label distinguishes this use of the installation's key from other uses. */
function keyOf(key: Buffer, salt: Uint8Array): Buffer {
  return createHmac('sha256', key).update('fermata payload codec').update(salt).digest();
}

/**
 * Returns a key id for a message, or a placeholder if the id has an unexpected form: the id in a payload is untrusted
 * input.
 */
const printable = (keyId: string): string => (/^[0-9a-f]{1,64}$/.test(keyId) ? keyId : 'of an unknown form');
