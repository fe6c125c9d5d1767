import {
  type Document,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { sameJson } from '../entities/diff';
import { keepLines } from './keep-lines';
import { isMap } from './plain-map';
import { insertPair, mapOf, ownFirstComment, pairOf, removeKey, setKey, withCommentsOf, writeLike } from './yaml-style';

/** Keys after which a new top-level key is placed. The first key that exists is used. */
const HEAD = ['description', 'name'];

/** Parses `text` that `readYaml` has accepted. */
function parsed(text: string): Document.Parsed {
  const options = { version: '1.2', schema: 'core', merge: false, uniqueKeys: false, logLevel: 'silent' } as const;
  return parseDocument(text, { ...options, resolveKnownTags: false });
}

/**
 * Edits `text` so that it contains the document `after`, and keeps its comments and style. `before` is the normalized
 * document that `text` contains. Defaults that `text` leaves out are not added. Returns undefined when `text` is not a
 * map, or when the result cannot be written, for example because an alias refers to a part that was removed.
 */
export function editYaml(
  text: string,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): string | undefined {
  return written(text, (document, root) => editMap(document, root, before, after));
}

/**
 * Copies the top-level keys of `patch`, with their comments, to `text`. A key with the value null is removed from
 * `text`. `status` is copied only if `text` already has this key. Returns undefined when `patch` is not a map, and in
 * the cases in which `editYaml` does.
 */
export function mergeYaml(text: string, patch: string): string | undefined {
  const given = parsed(patch);
  const changes = mapOf(given.contents);
  if (changes === null) return undefined;
  const [first] = changes.items;
  if (first !== undefined && given.commentBefore != null) first.key.commentBefore ??= given.commentBefore;
  return written(text, (_document, root) => {
    for (const pair of changes.items) {
      const key = String(pair.key.value);
      const there = pairOf(root, key);
      // The status is not part of the document, but a text may contain it.
      if (key === 'status' && there === undefined) continue;
      if (pair.value === null || (isScalar(pair.value) && pair.value.value === null)) removeKey(root, key);
      else if (there === undefined) insertPair(root, pair, HEAD);
      else {
        there.value = pair.value;
        if (pair.key.commentBefore != null) there.key.commentBefore = pair.key.commentBefore;
      }
    }
  });
}

/**
 * Sets top-level keys of `text`, or removes those whose value is undefined. Returns undefined in the same cases as
 * `editYaml`.
 */
export function setTopKeys(text: string, keys: Readonly<Record<string, unknown>>): string | undefined {
  return written(text, (document, root) => {
    for (const [key, value] of Object.entries(keys)) {
      if (value === undefined) removeKey(root, key);
      else setKey(document, root, { key, value, after: HEAD });
    }
  });
}

function written(text: string, change: (document: Document, root: YAMLMap<Scalar, Node | null>) => void) {
  const document = parsed(text);
  const root = mapOf(document.contents);
  if (root === null) return undefined;
  try {
    const unchanged = writeLike(text, document);
    change(document, root);
    return keepLines(text, unchanged, writeLike(text, document));
  } catch {
    // An alias refers to an anchor that was replaced.
    return undefined;
  }
}

function edit(document: Document, node: Node | null, before: unknown, after: unknown): Node {
  const map = mapOf(node);
  if (map !== null && isMap(before) && isMap(after)) {
    editMap(document, map, before, after);
    return map;
  }
  if (isSeq(node) && Array.isArray(before) && Array.isArray(after) && node.items.length === before.length) {
    editList(document, node as YAMLSeq<Node | null>, before, after);
    return node;
  }
  const fresh = document.createNode(after) as Node;
  if (isScalar(node) && isScalar(fresh)) {
    // Keeps the quotes or the block style of the text.
    if (typeof node.value === 'string' && typeof fresh.value === 'string' && node.type !== undefined)
      fresh.type = node.type;
  }
  return withCommentsOf(node, fresh);
}

function editMap(
  document: Document,
  map: YAMLMap<Scalar, Node | null>,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, wanted] = [before[key], after[key]];
    if (sameJson(old, wanted)) continue;
    const pair = pairOf(map, key);
    if (wanted === undefined) removeKey(map, key);
    else if (pair === undefined)
      setKey(document, map, { key, value: wanted, after: map === document.contents ? HEAD : [] });
    else pair.value = edit(document, pair.value, old, wanted);
  }
}

/**
 * Keeps the items at the beginning and at the end that are the same in both lists. If the lists have the same length,
 * the items in between are edited in place one at a time. Otherwise they are replaced.
 */
function editList(document: Document, list: YAMLSeq<Node | null>, before: unknown[], after: unknown[]): void {
  ownFirstComment(list);
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && sameJson(before[head], after[head])) head += 1;
  let tail = 0;
  while (tail < shorter - head && sameJson(before.at(-1 - tail), after.at(-1 - tail))) tail += 1;
  const olds = before.slice(head, before.length - tail);
  const isSameLength = before.length === after.length;
  const items = after.slice(head, after.length - tail).map((wanted, index) => {
    // When the lengths differ, these items have no counterparts.
    const old = isSameLength ? list.items[head + index] : undefined;
    return old === undefined ? (document.createNode(wanted) as Node) : edit(document, old, olds[index], wanted);
  });
  list.items.splice(head, olds.length, ...items);
}
