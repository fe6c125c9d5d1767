import { createTwoFilesPatch } from 'diff';
import type { VersionRecord } from '../../db/automation-store';
import { Definition } from '../../domain/definition/schema';
import { toYaml } from '../../domain/definition/yaml';

/** A difference at one path. `before` or `after` is null if that version has no value at the path. */
interface PlaceChange {
  path: string;
  before: unknown;
  after: unknown;
}

/** Returns the differences between two versions, as a text diff and by path. */
export function diffVersions(from: VersionRecord, to: VersionRecord) {
  const before = yamlOf(from);
  const after = yamlOf(to);
  const names = [`version ${from.version}`, `version ${to.version}`] as const;
  const unified = before === after ? '' : createTwoFilesPatch(...names, before, after, '', '', { context: 3 });
  return { from: from.version, to: to.version, unified, changes: changesOf('', from.definition, to.definition) };
}

/**
 * Returns a version as YAML. The definition is parsed again to restore the key order, which jsonb does not preserve.
 */
function yamlOf({ definition }: VersionRecord): string {
  const ordered = Definition.safeParse(definition);
  return toYaml(ordered.success ? ordered.data : definition);
}

/** Returns the paths at which two values differ, depth first. Lists are compared by position. */
export function changesOf(path: string, before: unknown, after: unknown): PlaceChange[] {
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, i) => changesOf(`${path}[${i}]`, before[i], after[i])).flat();
  }
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => changesOf(path === '' ? key : `${path}.${key}`, before[key], after[key]));
  }
  if (before === after) return [];
  return [{ path, before: before ?? null, after: after ?? null }];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
