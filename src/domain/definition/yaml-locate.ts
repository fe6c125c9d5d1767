import { isMap, isScalar, isSeq, type Document, type LineCounter, type Node, type Pair } from 'yaml';
import { parsePlace, type Segment } from './place';

/** A 1-based position in text. */
export interface Position {
  line: number;
  column: number;
}

/** Which part to locate: the value at a path (the default), its key, or a 1-based line and column inside its text. */
export interface PlaceDetail {
  key?: boolean;
  inside?: Position;
}

/**
 * Returns the position of a path in the text. For a path that does not exist, returns the position of the nearest
 * existing parent. With `inside`, returns undefined when escapes or folding hide the exact position.
 */
export type Locate = (place: string, detail?: PlaceDetail) => Position | undefined;

interface Found {
  node: Node | null;
  key: Node | null;
}

function step({ node }: Found, segment: Segment): Found | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(segment)) as
      Pair<Node, Node | null> | undefined;
    return pair && { node: pair.value, key: pair.key };
  }
  const item = isSeq(node) && typeof segment === 'number' ? (node.items[segment] as Node | undefined) : undefined;
  return item && { node: item, key: null };
}

/**
 * Follows a path as far as it exists. At run time, paths contain an iteration number after `repeat`, which does not
 * exist in the text.
 */
function walk(root: Node | null, segments: readonly Segment[]): Found {
  let found: Found = { node: root, key: null };
  for (const [index, segment] of segments.entries()) {
    if (typeof segment === 'number' && segments[index - 1] === 'repeat' && isMap(found.node)) continue;
    const next = step(found, segment);
    if (!next) return found;
    found = next;
  }
  return found;
}

/**
 * Returns the offset in the source for a line and column inside a scalar's text, or undefined where escapes or folding
 * hide it.
 */
function offsetInside(source: string, node: Node, inside: Position): number | undefined {
  if (!isScalar(node) || typeof node.value !== 'string' || !node.range) return undefined;
  const [start, end] = node.range;
  const raw = source.slice(start, end);
  const quote = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE' ? 1 : 0;
  if (inside.line === 1 && raw.slice(quote, raw.length - quote) === node.value)
    return start + quote + inside.column - 1;
  const text = node.value.split('\n')[inside.line - 1];
  if (node.type !== 'BLOCK_LITERAL' || text === undefined) return undefined;
  let offset = start;
  for (let line = 0; line < inside.line; line += 1) offset = source.indexOf('\n', offset) + 1;
  const indent = source.indexOf(text, offset);
  return indent < 0 ? undefined : indent + inside.column - 1;
}

/** Creates the function that locates paths in one document of `source`. */
export function createLocate(source: string, document: Document.Parsed, lines: LineCounter): Locate {
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  return (place, detail = {}) => {
    const segments = parsePlace(place);
    if (!segments) return undefined;
    const { node, key } = walk(document.contents, segments);
    if (detail.inside) {
      const offset = node ? offsetInside(source, node, detail.inside) : undefined;
      return offset === undefined ? undefined : at(offset);
    }
    const preferKey = detail.key === true || node === null || !isScalar(node);
    const chosen = preferKey ? (key ?? node) : node;
    return chosen?.range ? at(chosen.range[0]) : undefined;
  };
}
