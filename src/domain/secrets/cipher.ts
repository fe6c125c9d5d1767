import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { sha256 } from '../sha256';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A sealed value. The nonce and the ciphertext, which ends with the authentication tag, are in base64. */
export interface Sealed {
  keyId: string;
  nonce: string;
  ciphertext: string;
}

/** Seals (encrypts) values with the first key, and opens values that were sealed with any of the keys. */
export interface Cipher {
  /**
   * Seals a value. `name` is authenticated together with the value. A value that was sealed for one name therefore
   * cannot be opened for another name.
   */
  seal(name: string, clear: string): Sealed;
  /**
   * Opens (decrypts) a value.
   * @throws {Error} when the value was sealed with another key or for another name, or was modified
   */
  open(name: string, sealed: Sealed): string;
}

/**
 * Creates a cipher that uses AES-256-GCM with keys of 32 bytes and a fresh nonce for each value.
 * @throws {Error} when there are no keys
 */
export function createCipher(keys: readonly Buffer[]): Cipher {
  const byId = new Map(keys.map((key) => [keyIdOf(key), key]));
  const [first] = byId;
  if (first === undefined) throw new Error('A cipher needs at least one key.');
  const [keyId, key] = first;
  return {
    seal(name, clear) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(name));
      const ciphertext = Buffer.concat([cipher.update(clear, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return { keyId, nonce: nonce.toString('base64'), ciphertext: ciphertext.toString('base64') };
    },
    open(name, sealed) {
      const own = byId.get(sealed.keyId);
      if (own === undefined) {
        throw new Error(`"${name}" was encrypted with key ${sealed.keyId}, which is not in FERMATA_SECRET_KEY.`);
      }
      const bytes = Buffer.from(sealed.ciphertext, 'base64');
      const decipher = createDecipheriv(ALGORITHM, own, Buffer.from(sealed.nonce, 'base64'), {
        authTagLength: TAG_BYTES,
      }).setAAD(Buffer.from(name));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
    },
  };
}

/** Returns an id for a key. The id reveals nothing about the key. */
export function keyIdOf(key: Buffer): string {
  return sha256(['fermata key id', key]).slice(0, 16);
}
