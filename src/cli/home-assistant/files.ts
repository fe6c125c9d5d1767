import {
  Document,
  isMap as isYamlMap,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  YAMLMap,
  YAMLSeq,
  type Node,
} from 'yaml';
import { List, noteText, TaggedValue, type Note } from './not-imported';
import type { Imported } from './automation';
import { isMap, listOf, type Fragment } from './values';

/** Thrown for a file that is not valid YAML of Home Assistant. The message contains the position and the reason. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
}

/**
 * Returns the automations in a file. The file may contain one automation, a list as in automations.yaml, or a
 * configuration with the keys `automation` and `automation <label>`.
 * @throws {UnreadableFile}
 */
export function readAutomations(text: string): Fragment[] {
  const document = parseDocument(text, { logLevel: 'silent' });
  const [problem] = document.errors;
  if (problem) throw new UnreadableFile(problem.message);
  const value = plain(document.contents);
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

/** Converts a YAML node to plain data. Scalars with a tag such as `!secret` become `TaggedValue`s. */
function plain(node: unknown): unknown {
  if (isScalar(node)) {
    const isTagged = node.tag !== undefined && node.tag.startsWith('!') && !node.tag.startsWith('!!');
    return isTagged ? new TaggedValue(node.tag ?? '', String(node.value)) : node.value;
  }
  if (isSeq(node)) return node.items.map(plain);
  if (isYamlMap(node)) {
    return Object.fromEntries(node.items.filter(isPair).map(({ key, value }) => [String(plain(key)), plain(value)]));
  }
  return null;
}

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
