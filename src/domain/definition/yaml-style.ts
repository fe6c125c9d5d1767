import { type Document, isMap, isScalar, type Node, Pair, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml';

/** Matches a list that begins in the same column as its key. */
const FLUSH_LIST = /^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\r?\n\1- /m;
/** Matches braces without padding: `{a: 1}` rather than `{ a: 1 }`. */
const TIGHT_BRACES = /\{[^\s{}][^\n{}]*\}(?!\})/;

/**
 * Writes a document with its comments in the style of `like`: the same indentation of lists and the same padding of
 * braces. Does not fold lines.
 */
export function writeLike(like: string, document: Document): string {
  return document.toString({
    lineWidth: 0,
    indentSeq: !FLUSH_LIST.test(like),
    flowCollectionPadding: !TIGHT_BRACES.test(like),
  });
}

/** Returns the node as a map whose keys are scalars, or null for anything else. */
export function mapOf(node: unknown): YAMLMap<Scalar, Node | null> | null {
  if (!isMap(node) || !node.items.every(({ key }) => isScalar(key))) return null;
  return node as YAMLMap<Scalar, Node | null>;
}

/** Returns the pair with the given key, or undefined when the map has no such key. Keys are compared as text. */
export function pairOf(map: YAMLMap<Scalar, Node | null>, key: string): Pair<Scalar, Node | null> | undefined {
  return map.items.find((pair) => String(pair.key.value) === key);
}

/** Removes a key with its comments. */
export function removeKey(map: YAMLMap<Scalar, Node | null>, key: string): void {
  map.items = map.items.filter((pair) => String(pair.key.value) !== key);
}

/**
 * Sets a key. An existing key keeps its place; a new key is placed after the first key of `after` that exists, or
 * otherwise at the end.
 */
export function setKey(
  document: Document,
  map: YAMLMap<Scalar, Node | null>,
  { key, value, after = [] }: { key: string; value: unknown; after?: readonly string[] },
): void {
  const node = document.createNode(value) as Node;
  const there = pairOf(map, key);
  if (there !== undefined) {
    there.value = withCommentsOf(there.value, node);
    return;
  }
  insertPair(map, new Pair(document.createNode(key), node), after);
}

/** Inserts a pair after the first key of `after` that exists in the map, or otherwise at the end. */
export function insertPair(
  map: YAMLMap<Scalar, Node | null>,
  pair: Pair<Scalar, Node | null>,
  after: readonly string[],
): void {
  const places = after.map((key) => map.items.findIndex((each) => String(each.key.value) === key));
  const place = places.find((index) => index >= 0);
  map.items.splice(place === undefined ? map.items.length : place + 1, 0, pair);
}

/** Copies the comments of a replaced node to the new node. */
export function withCommentsOf(old: Node | null, node: Node): Node {
  if (old === null) return node;
  if (old.comment != null) node.comment = old.comment;
  if (old.commentBefore != null) node.commentBefore = old.commentBefore;
  if (old.spaceBefore === true) node.spaceBefore = true;
  return node;
}

/** Moves the comment above a list to its first item, so that it is removed together with that item. */
export function ownFirstComment(list: YAMLSeq<Node | null>): void {
  const [first] = list.items;
  if (first == null || list.commentBefore == null) return;
  first.commentBefore = [list.commentBefore, first.commentBefore].filter((text) => text != null).join('\n');
  list.commentBefore = null;
}

/**
 * Moves the comment above a map to its first key, so that the comment stays with this key when another key is inserted
 * before it.
 */
export function ownHeadComment(map: YAMLMap<Scalar, Node | null>): void {
  const [first] = map.items;
  if (first === undefined || map.commentBefore == null) return;
  first.key.commentBefore = [map.commentBefore, first.key.commentBefore].filter((text) => text != null).join('\n');
  map.commentBefore = null;
}
