import { createHash, type BinaryToTextEncoding } from 'node:crypto';

type Content = string | Uint8Array;

/**
 * Returns the SHA-256 hash of text (in UTF-8), of bytes, or of a concatenation of these. By default, the result is in
 * hexadecimal.
 */
export function sha256(content: Content | readonly Content[], encoding: BinaryToTextEncoding = 'hex'): string {
  return hashOf(content).digest(encoding);
}

/** Returns the SHA-256 hash as 32 bytes. */
export function sha256Bytes(content: Content): Buffer {
  return hashOf(content).digest();
}

function hashOf(content: Content | readonly Content[]) {
  const hash = createHash('sha256');
  for (const part of Array.isArray(content) ? (content as readonly Content[]) : [content as Content]) hash.update(part);
  return hash;
}
