/** One segment of a path in a document: a key or a 0-based index. */
export type Segment = string | number;

const PLAIN_KEY = /^[A-Za-z_$][A-Za-z0-9_$-]*$/;
const PART = /\.?([A-Za-z_$][A-Za-z0-9_$-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;

/**
 * Formats a path, e.g. `actions[0].choose[1].sequence[2].config["a key"]`. The empty string refers to the whole
 * document.
 */
export function formatPlace(segments: readonly PropertyKey[]): string {
  let place = '';
  for (const segment of segments) {
    if (typeof segment === 'number') place += `[${segment}]`;
    else if (PLAIN_KEY.test(String(segment))) place += place === '' ? String(segment) : `.${String(segment)}`;
    else place += `[${JSON.stringify(String(segment))}]`;
  }
  return place;
}

/** Parses a path. Returns undefined when it is not valid. */
export function parsePlace(place: string): Segment[] | undefined {
  const segments: Segment[] = [];
  PART.lastIndex = 0;
  while (PART.lastIndex < place.length) {
    const match = PART.exec(place);
    if (!match) return undefined;
    if (match[1] !== undefined) segments.push(match[1]);
    else if (match[2] !== undefined) segments.push(Number(match[2]));
    else segments.push(JSON.parse(match[3] ?? '""') as string);
  }
  return segments;
}
