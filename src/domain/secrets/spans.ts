/** A part of some text, given by the offset of its first character and the offset after its last character. */
export type Span = [start: number, end: number];

/**
 * Adds a span, and joins it with the spans that it overlaps. The end of the new span must be after the start of every
 * other span.
 */
export function addSpan(spans: Span[], start: number, end: number): void {
  const before = spans.at(-1);
  if (before !== undefined && start >= before[0] && start < before[1]) {
    if (end > before[1]) before[1] = end;
    return;
  }
  let [from, to] = [start, end];
  for (let last = spans.at(-1); last !== undefined && from < last[1]; last = spans.at(-1)) {
    from = Math.min(from, last[0]);
    to = Math.max(to, last[1]);
    spans.pop();
  }
  spans.push([from, to]);
}

/** Merges several lists of spans into one list in ascending order. Overlapping spans are joined. */
export function joinSpans(lists: readonly (readonly Span[])[]): Span[] {
  const joined: Span[] = [];
  for (const [start, end] of lists.flat().sort((a, b) => a[0] - b[0])) addSpan(joined, start, end);
  return joined;
}

/** Returns `text` in which each span has been replaced. */
export function replaceSpans(text: string, spans: readonly Span[], by: string): string {
  let output = '';
  let from = 0;
  for (const [start, end] of spans) {
    output += text.slice(from, start) + by;
    from = end;
  }
  return output + text.slice(from);
}
