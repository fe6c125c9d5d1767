/** Replaces all occurrences of some texts; what overlaps is one. Returns how many there were in `onHit`. */
export type ReplaceAll = (input: string) => string;

const BLOCKS = 65_536;
const blockOf = (first: number, second: number): number => ((first * 257) ^ second) & (BLOCKS - 1);

/**
 * Compiles texts of at least two characters into one search (Wu and Manber): it looks at blocks of two characters and skips
 * as far as the shortest text allows, so that its time does not grow with the number of texts.
 */
export function compileReplacer(texts: readonly string[], by: string, onHit: (count: number) => void): ReplaceAll {
  if (texts.length === 0) return (input) => input;
  const shortest = Math.min(...texts.map(({ length }) => length));
  const shifts = new Uint8Array(BLOCKS).fill(Math.min(255, shortest - 1));
  const buckets = new Map<number, string[]>();
  for (const text of texts) {
    for (let end = 1; end < shortest; end += 1) {
      const block = blockOf(text.charCodeAt(end - 1), text.charCodeAt(end));
      shifts[block] = Math.min(shifts[block] ?? 0, shortest - 1 - end);
    }
    const last = blockOf(text.charCodeAt(shortest - 2), text.charCodeAt(shortest - 1));
    buckets.set(
      last,
      [...(buckets.get(last) ?? []), text].sort((a, b) => b.length - a.length),
    );
  }

  const spansIn = (input: string): [number, number][] => {
    const spans: [number, number][] = [];
    for (let at = shortest - 1; at < input.length;) {
      const block = blockOf(input.charCodeAt(at - 1), input.charCodeAt(at));
      const shift = shifts[block] ?? 0;
      if (shift > 0) {
        at += shift;
        continue;
      }
      const start = at - shortest + 1;
      const found = buckets.get(block)?.find((text) => input.startsWith(text, start));
      const last = spans.at(-1);
      if (found !== undefined) {
        if (last !== undefined && start < last[1]) last[1] = Math.max(last[1], start + found.length);
        else spans.push([start, start + found.length]);
      }
      at += 1;
    }
    return spans;
  };

  return (input) => {
    if (input.length < shortest) return input;
    const spans = spansIn(input);
    if (spans.length === 0) return input;
    onHit(spans.length);
    let output = '';
    let from = 0;
    for (const [start, end] of spans) {
      output += input.slice(from, start) + by;
      from = end;
    }
    return output + input.slice(from);
  };
}
