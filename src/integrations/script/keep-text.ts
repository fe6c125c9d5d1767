import type { Readable } from 'node:stream';
import type { Mask } from '../../domain/secrets/mask-values';

/** Maximum size in bytes of each output of a script. */
const OUTPUT_LIMIT = 1_048_576;
/**
 * Number of bytes to read beyond the limit, so that a secret that crosses the limit is complete when it is masked.
 * Larger than the longest encoded form of any secret.
 */
const BEYOND = 1_048_576;

/**
 * Returns the text of a stream, up to 1 MB. Reads and discards the rest, so that the writer does not block. Text that
 * has to be truncated is masked first and ends with a note.
 */
export async function keepText(stream: Readable, mask: Mask): Promise<string> {
  const chunks: Buffer[] = [];
  const most = OUTPUT_LIMIT + BEYOND;
  let size = 0;
  try {
    for await (const chunk of stream) {
      const bytes = chunk as Buffer;
      if (size < most) chunks.push(bytes.subarray(0, most - size));
      size += bytes.length;
    }
  } catch {
    // The writer was killed, or reading was stopped.
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (size <= OUTPUT_LIMIT) return text;
  const note = `\n[… cut: there were ${size} bytes]`;
  return `${Buffer.from(mask(text))
    .subarray(0, OUTPUT_LIMIT - Buffer.byteLength(note))
    .toString('utf8')
    .replace(/\uFFFD$/, '')}${note}`;
}
