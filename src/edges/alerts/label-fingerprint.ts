const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;
const SEPARATOR = Buffer.from([0xff]);

/**
 * Returns the fingerprint of a label set as 16 hex digits, computed as in Alertmanager (prometheus/common,
 * model/signature.go). It is the 64-bit FNV-1a hash of the labels sorted bytewise by name, with 0xff after each name
 * and value.
 */
export function labelFingerprint(labels: Readonly<Record<string, string>>): string {
  const names = Object.keys(labels)
    .map((name) => ({ name, bytes: Buffer.from(name) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  let hash = OFFSET;
  for (const { name, bytes } of names) {
    for (const part of [bytes, SEPARATOR, Buffer.from(labels[name] ?? ''), SEPARATOR]) {
      for (const byte of part) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
    }
  }
  return hash.toString(16).padStart(16, '0');
}
