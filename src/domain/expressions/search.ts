// On repetitive needles, `indexOf` takes time proportional to the product of the lengths (a minute for 1 MB in 1 MB),
// so longer needles use a linear search.
const SHORT_NEEDLE = 32;

/**
 * Returns the number of steps that a search costs. A long needle costs more, because the search for long needles is
 * implemented in JavaScript.
 */
export function searchCost(text: string, needle: string): number {
  return 1 + ((text.length + needle.length) >> (needle.length <= SHORT_NEEDLE ? 6 : 3));
}

function failureTable(needle: string): Int32Array {
  const table = new Int32Array(needle.length);
  for (let at = 1, matched = 0; at < needle.length; at += 1) {
    while (matched > 0 && needle.charCodeAt(at) !== needle.charCodeAt(matched)) matched = table[matched - 1] ?? 0;
    if (needle.charCodeAt(at) === needle.charCodeAt(matched)) matched += 1;
    table[at] = matched;
  }
  return table;
}

/**
 * Returns the offsets of all occurrences of `needle`, which must not be empty, without overlaps. Takes linear time.
 * Stops after `limit` occurrences.
 */
export function occurrences(text: string, needle: string, limit: number): number[] {
  const found: number[] = [];
  if (needle.length <= SHORT_NEEDLE) {
    for (
      let at = text.indexOf(needle);
      at !== -1 && found.length < limit;
      at = text.indexOf(needle, at + needle.length)
    ) {
      found.push(at);
    }
    return found;
  }
  if (needle.length > text.length) return found;
  const table = failureTable(needle);
  for (let at = 0, matched = 0; at < text.length && found.length < limit; at += 1) {
    while (matched > 0 && text.charCodeAt(at) !== needle.charCodeAt(matched)) matched = table[matched - 1] ?? 0;
    if (text.charCodeAt(at) === needle.charCodeAt(matched)) matched += 1;
    if (matched === needle.length) {
      found.push(at - needle.length + 1);
      matched = 0;
    }
  }
  return found;
}

/** Returns whether `needle` occurs in `text`. Takes linear time. */
export function occursIn(text: string, needle: string): boolean {
  return needle === '' || occurrences(text, needle, 1).length > 0;
}
