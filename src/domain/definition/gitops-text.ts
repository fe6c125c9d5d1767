import { Document, type Node, type Scalar, type YAMLMap } from 'yaml';
import { states } from './source-text';
import type { Definition } from './schema';
import { mapOf, ownHeadComment, pairOf, removeKey, setKey, writeLike } from './yaml-style';

type Root = YAMLMap<Scalar, Node | null>;

/** Keys of an automation that a document for Git takes from its metadata. */
const FROM_METADATA = ['name', 'description', 'group'] as const;

const create = (value: unknown) => new Document(value, { version: '1.2', schema: 'core' });

/**
 * Returns the YAML of the automation in a document for Git: `spec` with its comments, preceded by the name, description
 * and group from the metadata. Returns null when the text would not match `definition`. Modifies the node of `spec`.
 */
export function automationText(
  gitOps: Document.Parsed,
  automation: Readonly<Record<string, unknown>>,
  { definition, like }: { definition: Definition; like: string },
): string | null {
  const spec = mapOf(gitOps.get('spec', true));
  if (spec === null) return null;
  try {
    ownHeadComment(spec);
    const document = create(spec);
    for (const key of FROM_METADATA) setOrRemove(document, spec, key, automation[key]);
    const [first] = mapOf(gitOps.contents)?.items ?? [];
    const comment = joined(gitOps.commentBefore, first?.key.commentBefore);
    const name = pairOf(spec, 'name');
    if (name !== undefined) name.key.commentBefore = joined(comment, name.key.commentBefore);
    const text = writeLike(like, document);
    const { group: given, ...rest } = definition;
    const group = given?.trim() ?? '';
    return states(text, { definition: rest, group: group === '' ? null : group, status: 'enabled' }) ? text : null;
  } catch {
    // An alias refers to a part outside of `spec`.
    return null;
  }
}

/**
 * Converts the document in a file to a document for Git, with its comments and in the style of `like`. Wraps a plain
 * automation. Adds the annotation `path` unless the document already has it. Returns undefined when the result cannot
 * be written with its comments. Modifies the parsed document.
 */
export function gitOpsText(
  parsed: Document.Parsed,
  { path, like }: { path: string; like: string },
): string | undefined {
  const root = mapOf(parsed.contents);
  if (root === null) return undefined;
  try {
    if (parsed.has('apiVersion')) {
      if (!parsed.hasIn(['metadata', 'annotations', 'path'])) parsed.setIn(['metadata', 'annotations', 'path'], path);
      if (parsed.directives) parsed.directives.docStart = null;
      parsed.directives.docEnd = false;
      return writeLike(like, parsed);
    }
    const name: unknown = parsed.get('name');
    const head = joined(parsed.commentBefore, pairOf(root, 'name')?.key.commentBefore);
    removeKey(root, 'name');
    const metadata = { name, annotations: { path } };
    const document = create({ apiVersion: 'fermata/v1', kind: 'Automation', metadata, spec: root });
    document.commentBefore = head;
    document.comment = parsed.comment;
    return writeLike(like, document);
  } catch {
    return undefined;
  }
}

/** Joins comments, some of which may be missing. Returns null when all are missing. */
function joined(...comments: (string | null | undefined)[]): string | null {
  const given = comments.filter((comment) => comment != null);
  return given.length === 0 ? null : given.join('\n');
}

/**
 * Sets a key of the automation, or removes it. A new name becomes the first key. Any other new key is placed after one
 * of the other keys in `FROM_METADATA`, or at the end if there are none.
 */
function setOrRemove(document: Document, spec: Root, key: (typeof FROM_METADATA)[number], value: unknown): void {
  if (value === undefined) return removeKey(spec, key);
  if (key === 'name' && !spec.has('name')) {
    spec.items.unshift(document.createPair('name', value) as Root['items'][number]);
    return;
  }
  setKey(document, spec, { key, value, after: [...FROM_METADATA].reverse().filter((each) => each !== key) });
}
