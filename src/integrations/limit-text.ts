const ELLIPSIS = '…';
/**
 * Maximum number of UTF-16 units that a cut is moved back to reach the start of a grapheme. Longer graphemes are split
 * between code points.
 */
const GRAPHEME_WINDOW = 64;
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Maximum text length in UTF-8 bytes or UTF-16 units (`characters`). A code point takes one or two UTF-16 units. */
export type TextLimit = { bytes: number } | { characters: number };

/**
 * Returns `text` unchanged, or cut to the limit with `…` at the end. Returns an empty string if the limit is too small
 * for `…`. Never splits a code point, and never splits a grapheme of up to 64 UTF-16 units.
 */
export function limitText(text: string, limit: TextLimit): string {
  const [size, most] =
    'bytes' in limit ? [(part: string) => Buffer.byteLength(part), limit.bytes] : [lengthOf, limit.characters];
  if (size(text) <= most) return text;
  const room = most - size(ELLIPSIS);
  if (room < 0) return '';
  let end = 'bytes' in limit ? unitsInBytes(text, room) : room;
  end = borderBefore(text, end);
  return text.slice(0, end).trimEnd() + ELLIPSIS;
}

const lengthOf = (text: string): number => text.length;

/** Returns the number of UTF-16 units at the start of `text` that fit into the given number of bytes. */
function unitsInBytes(text: string, bytes: number): number {
  // A UTF-16 unit takes at most three bytes, so encoding the whole text is not necessary.
  let [low, high] = [Math.floor(bytes / 3), Math.min(text.length, bytes)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (Buffer.byteLength(text.slice(0, middle)) <= bytes) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Returns the last boundary between two graphemes at or before `end`. */
function borderBefore(text: string, end: number): number {
  const from = Math.max(0, end - GRAPHEME_WINDOW);
  const found = graphemes.segment(text.slice(from, end + GRAPHEME_WINDOW)).containing(end - from);
  const border = from + (found?.index ?? end - from);
  if (border > from || from === 0) return border;
  return /[\uDC00-\uDFFF]/.test(text[end] ?? '') ? end - 1 : end;
}

/** Returns a function that truncates text to a vendor's limits and adds a note to the step each time. */
export function createTextLimits(vendor: string, note: (text: string) => void) {
  return (field: string, text: string, limit: TextLimit): string => {
    const cut = limitText(text, limit);
    if (cut !== text) {
      const [from, to, unit] =
        'bytes' in limit
          ? [Buffer.byteLength(text), limit.bytes, 'bytes']
          : [text.length, limit.characters, 'characters'];
      note(`${field} was cut: it has ${from} ${unit}, and ${vendor} accepts at most ${to}.`);
    }
    return cut;
  };
}

export type TextLimits = ReturnType<typeof createTextLimits>;
