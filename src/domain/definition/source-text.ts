import { sameJson } from '../entities/diff';
import { Findings } from './findings';
import { normalizeDocument } from './normalize';
import { plainCopy } from './plain-copy';
import { isMap } from './plain-map';
import { Definition } from './schema';
import { parseStructure } from './structure';
import { readYaml, toYaml } from './yaml';
import { editYaml, mergeYaml, setTopKeys } from './yaml-edit';

type Status = 'enabled' | 'disabled';

/** An automation as it is stored. The group is stored outside the definition. */
export interface StoredDocument {
  definition: Definition;
  group: string | null;
  status: Status;
}

/** The definition, the group and the status that YAML text contains. */
interface Stated {
  definition: Definition;
  group: string | null;
  /** Status in the text; undefined when the text has none. */
  status: unknown;
}

/**
 * Returns the YAML of an automation. This is the original text with its comments if it matches the definition; a group
 * or status that has changed since then is updated in the text. Otherwise the YAML is generated from the definition.
 */
export function textOf(sourceYaml: string | null, stored: StoredDocument): string {
  return keptText(sourceYaml, stored) ?? rendered(stored);
}

/**
 * Returns the text to store after a change. If the YAML of the request (`patch`) contains the whole result, this is
 * `patch`. Otherwise, the keys of `patch`, or for a JSON request the changed paths, are applied to the previous text.
 * Returns null when the result does not match `after`. For a JSON request, also returns null when there is no previous
 * text that matches `before`.
 */
export function textAfter({ sourceYaml, before, after, patch }: TextChange): string | null {
  if (patch !== undefined && states(patch, after)) return patch;
  if (patch === undefined && (sourceYaml === null || sameStored(before, after))) return sourceYaml;
  const text = patch === undefined ? keptText(sourceYaml, before) : textOf(sourceYaml, before);
  if (text === undefined) return null;
  const edited = patch === undefined ? editYaml(text, whole(before), whole(after)) : mergeYaml(text, patch);
  return edited !== undefined && states(edited, after) ? edited : null;
}

export interface TextChange {
  /** The text before the change; null when the automation was not written as YAML. */
  sourceYaml: string | null;
  before: StoredDocument;
  after: StoredDocument;
  /** YAML of the request; undefined = the request was JSON. */
  patch?: string | undefined;
}

/** Returns whether `text` contains exactly this automation. Text without a status matches any status. */
export function states(text: string, { definition, group, status }: StoredDocument): boolean {
  const stated = statedBy(text);
  if (stated === undefined || !sameJson(stated.definition, definition)) return false;
  return stated.group === group && (stated.status === undefined || stated.status === status);
}

function keptText(sourceYaml: string | null, stored: StoredDocument): string | undefined {
  const stated = sourceYaml === null ? undefined : statedBy(sourceYaml);
  if (sourceYaml === null || !sameJson(stated?.definition, stored.definition)) return undefined;
  const keys = {
    ...(stated?.group === stored.group ? {} : { group: stored.group ?? undefined }),
    ...(stated?.status === undefined || stated.status === stored.status ? {} : { status: stored.status }),
  };
  if (Object.keys(keys).length === 0) return sourceYaml;
  const edited = setTopKeys(sourceYaml, keys);
  return edited !== undefined && states(edited, stored) ? edited : undefined;
}

/**
 * Parses `text` to a normalized definition, without checking its meaning. Returns undefined if its structure is
 * invalid.
 */
function statedBy(text: string): Stated | undefined {
  const [first, second] = readYaml(text);
  if (first === undefined || second !== undefined || first.errors.length > 0) return undefined;
  const { value, findings } = plainCopy(first.value);
  if (!isMap(value) || findings.length > 0) return undefined;
  const { status, group: given, ...document } = value;
  normalizeDocument(document, new Findings());
  const { definition } = parseStructure(document);
  const group = typeof given === 'string' && given.trim() !== '' ? given.trim() : null;
  return definition && { definition, group, status };
}

function rendered({ definition, group }: StoredDocument): string {
  const document = whole({ definition, group });
  // Parsed again to restore the order of keys, which jsonb does not preserve.
  const ordered = Definition.safeParse(document);
  return toYaml(ordered.success ? ordered.data : document);
}

function whole({ definition, group }: Pick<StoredDocument, 'definition' | 'group'>): Record<string, unknown> {
  return { ...definition, ...(group === null ? {} : { group }) };
}

function sameStored(a: StoredDocument, b: StoredDocument): boolean {
  return a.group === b.group && sameJson(a.definition, b.definition);
}
