import {
  Document,
  isAlias,
  isMap as isYamlMap,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  YAMLMap,
  YAMLSeq,
  type Node,
  type Pair,
} from 'yaml';
import { List, noteText, TaggedValue, type Note } from './not-imported';
import type { Imported } from './automation';
import { isMap, listOf, type Fragment } from './values';

/**
 * Thrown for a file that is not valid YAML, or that is neither a map nor a list of automations. The message contains
 * the reason.
 */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
}

/**
 * Returns the automations in a file. The file may contain one automation, a list as in automations.yaml, or a
 * configuration with the keys `automation` and `automation <label>`.
 * @throws {UnreadableFile} when the text is not valid YAML or has another shape
 */
export function readAutomations(text: string): Fragment[] {
  const document = parseDocument(text, { logLevel: 'silent' });
  const [problem] = document.errors;
  if (problem) throw new UnreadableFile(problem.message);
  const value = new Conversion().convert(document.contents);
  const found = isMap(value) ? inConfiguration(value) : listOf(value);
  if (found.length === 0) throw new UnreadableFile('The file contains no automations.');
  return found.map((one, index) => {
    if (!isMap(one)) throw new UnreadableFile(`Entry ${index + 1} is not an automation, because it is not a map.`);
    return one;
  });
}

const AUTOMATION_KEYS = ['trigger', 'triggers', 'action', 'actions', 'use_blueprint'];

function inConfiguration(value: Fragment): unknown[] {
  if (AUTOMATION_KEYS.some((key) => key in value)) return [value];
  return Object.entries(value).flatMap(([key, one]) => (/^automation( |$)/.test(key) ? listOf(one) : []));
}

/**
 * Maximum number of values in a file after its aliases are expanded. The limit is needed because nested aliases can
 * expand to any size.
 */
const MAX_VALUES = 1_000_000;

/**
 * Converts YAML nodes to plain data. Aliases are expanded, and merge keys (`<<`) are applied, as in YAML 1.1. Scalars
 * with a tag such as `!secret` become `TaggedValue`s.
 */
class Conversion {
  private readonly anchors = new Map<string, unknown>();
  private readonly open = new Set<unknown>();
  private values = 0;

  /** @throws {UnreadableFile} when an alias has no anchor or contains itself, or for more than `MAX_VALUES` values */
  convert(node: unknown): unknown {
    if (isAlias(node)) return this.alias(node.source);
    this.values += 1;
    if (this.values > MAX_VALUES) {
      throw new UnreadableFile(`The file has more than ${MAX_VALUES} values once its aliases are written out.`);
    }
    const { anchor } = Object(node) as { anchor?: string };
    if (anchor !== undefined) this.anchors.set(anchor, node);
    if (isScalar(node)) {
      const isTagged = node.tag !== undefined && node.tag.startsWith('!') && !node.tag.startsWith('!!');
      return isTagged ? new TaggedValue(node.tag ?? '', String(node.value)) : node.value;
    }
    this.open.add(node);
    const value = isSeq(node) ? node.items.map((item) => this.convert(item)) : isYamlMap(node) ? this.map(node) : null;
    this.open.delete(node);
    return value;
  }

  private alias(name: string): unknown {
    const target = this.anchors.get(name);
    if (target === undefined) throw new UnreadableFile(`The alias "*${name}" has no anchor "&${name}" before it.`);
    if (this.open.has(target)) throw new UnreadableFile(`The alias "*${name}" contains itself.`);
    return this.convert(target);
  }

  /**
   * Keys of the map itself replace merged keys. If several merged maps contain a key, the first of these maps takes
   * precedence.
   */
  private map({ items }: YAMLMap): Record<string, unknown> {
    const own: [string, unknown][] = [];
    const merged: [string, unknown][] = [];
    for (const pair of items.filter(isPair)) {
      const name = String(this.convert(pair.key));
      const value = this.convert(pair.value);
      if (isMergeKey(pair) && listOf(value).every(isMap)) merged.unshift(...mergedEntries(listOf(value)));
      else own.push([name, value]);
    }
    return Object.fromEntries([...merged, ...own]);
  }
}

const isMergeKey = ({ key }: Pair): boolean => isScalar(key) && key.value === '<<' && key.type === 'PLAIN';

const mergedEntries = (maps: unknown[]): [string, unknown][] =>
  maps
    .filter(isMap)
    .reverse()
    .flatMap((map) => Object.entries(map));

/** Returns an automation as a YAML document. Notes become comments at their positions. */
export function writeAutomation({ id, document: content, notes }: Imported): string {
  const document = new Document();
  document.contents = nodeOf(content, document) as never;
  const head = [...(id === undefined ? [] : [` Home Assistant id: ${id}`]), ...notes.map(noteText)];
  if (head.length > 0) document.commentBefore = head.join('\n');
  return document.toString({ lineWidth: 120 });
}

const comments = (notes: readonly Note[]): string => notes.map(noteText).join('\n');

function nodeOf(value: unknown, document: Document): Node {
  if (value instanceof List) return sequenceOf(value, document);
  if (!isMap(value)) return document.createNode(value) as Node;
  const map = new YAMLMap(document.schema);
  for (const [key, one] of Object.entries(value))
    map.items.push(document.createPair(key, nodeOf(one, document)) as never);
  return map;
}

/** Converts a list to YAML. Each note becomes a comment before the part that follows it, or after the last part. */
function sequenceOf(list: List, document: Document): YAMLSeq {
  const sequence = new YAMLSeq(document.schema);
  let waiting: Note[] = [];
  for (const { value, notes } of list.items) {
    waiting.push(...notes);
    if (value === undefined) continue;
    const node = nodeOf(value, document);
    if (waiting.length > 0) node.commentBefore = comments(waiting);
    waiting = [];
    sequence.items.push(node);
  }
  if (waiting.length > 0) sequence.comment = comments(waiting);
  return sequence;
}
