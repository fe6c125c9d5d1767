import { z } from 'zod';
import { isSecretAt } from '../validation/explain';
import { TYPE_NAMES } from '../validation/expected-value';
import { isSecretPath, typeName, valueAt } from '../validation/found-value';
import { issueMessage, noAlternative, unknownKey, unknownKeys, withFound } from '../validation/issue-message';
import { homeAssistantHint, LIST_AT_TOP } from './home-assistant-words';
import type { Segment } from './place';
import { schemaAt, unwrap } from './schema-at';

/** A finding whose path has not been converted to text yet. */
export interface RawFinding {
  path: Segment[];
  code: string;
  message: string;
  /** Whether the finding concerns the key at `path` rather than its value. */
  atKey?: boolean;
}

type Issue = z.core.$ZodIssue;
/**
 * Returns the branch of a union that the author probably intended, a finding when the value selects no branch or
 * several, or undefined when the value gives no indication.
 */
export type PickBranch = (value: unknown) => z.core.$ZodType | { code: string; message: string } | undefined;

interface Context {
  root: unknown;
  schema: z.core.$ZodType;
  prefix: readonly Segment[];
  picks: ReadonlyMap<z.core.$ZodType, PickBranch>;
}

/** Returns the message for a document that is not a map. */
export function notAnAutomation(value: unknown): string {
  return Array.isArray(value) ? LIST_AT_TOP : `Expected an automation (a map), got ${typeName(value)}`;
}

function simpleFinding(issue: Issue, value: unknown, context: Context): { code: string; message: string } {
  const isSecret = isSecretPath(context.prefix) || isSecretAt(context.schema, issue.path);
  const schema = schemaAt(context.schema, issue.path);
  const message = issueMessage(issue, { value, isSecret, schema });
  if (value === undefined && issue.code !== 'custom') return { code: 'required', message };
  switch (issue.code) {
    case 'invalid_type':
      return { code: 'invalid_type', message };
    case 'too_big':
    case 'too_small':
      return { code: 'out_of_range', message };
    case 'invalid_key':
      return { code: 'invalid_key', message };
    case 'custom': {
      const code: unknown = issue.params?.code;
      const own = withFound(issue.message, { value, isSecret });
      return { code: typeof code === 'string' ? code : 'invalid_value', message: own };
    }
    case 'invalid_format':
      return { code: 'invalid_value', message: withFound(issue.message, { value, isSecret }) };
    default:
      return { code: 'invalid_value', message };
  }
}

/**
 * Returns how much a value differs from a branch of a union. Each unknown key counts as a difference, and a wrong type
 * of the whole value counts most.
 */
function distanceOf(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => {
    if (issue.code === 'unrecognized_keys') return sum + issue.keys.length;
    if (issue.code === 'invalid_union' && issue.path.length === 0)
      return sum + Math.min(...issue.errors.map(distanceOf));
    if (issue.path.length > 0) return sum + 1;
    return sum + (issue.code === 'invalid_type' ? 100 : issue.code === 'invalid_value' ? 50 : 1);
  }, 0);
}

function unionFindings(issue: z.core.$ZodIssueInvalidUnion, path: Segment[], context: Context): RawFinding[] {
  const schema = schemaAt(context.schema, issue.path);
  const union = schema && unwrap(schema);
  const value = valueAt(context.root, issue.path);
  const options = union instanceof z.ZodUnion ? union.def.options : [];
  const picked = union && context.picks.get(union)?.(value);
  if (picked && 'message' in picked) return [{ path, ...picked }];
  if (value === undefined) return [{ path, ...simpleFinding(issue, value, context) }];
  const distances = issue.errors.map((errors) => distanceOf(errors));
  const index = picked ? options.indexOf(picked as never) : distances.indexOf(Math.min(...distances));
  const errors = issue.errors[index] ?? [];
  const rootTypes = issue.errors.flatMap((list) =>
    list.filter((e) => e.code === 'invalid_type' && e.path.length === 0),
  );
  if (!picked && (distances[index] ?? 100) >= 100) {
    const names = rootTypes.map((e) => (e.code === 'invalid_type' ? (TYPE_NAMES[e.expected] ?? e.expected) : ''));
    const isSecret = isSecretPath(context.prefix) || isSecretAt(context.schema, issue.path);
    return [{ path, code: 'invalid_type', message: noAlternative(names, value, isSecret) }];
  }
  const branch = options[index] ?? context.schema;
  return structureFindings(errors, { ...context, root: value, schema: branch, prefix: path });
}

/**
 * Converts zod's issues to findings. For a union, only the issues of the intended branch are kept. Each unknown key
 * becomes one finding with the most similar known key.
 */
export function structureFindings(issues: readonly Issue[], context: Context): RawFinding[] {
  const keyOf = (issue: Issue) => JSON.stringify(issue.path.map(String));
  const misspelt = new Set(issues.filter((issue) => issue.code === 'unrecognized_keys').map(keyOf));
  return issues.flatMap((issue): RawFinding[] => {
    // A rule about the whole map adds nothing while one of its keys is misspelled.
    if (issue.code === 'custom' && misspelt.has(keyOf(issue))) return [];
    const path = [...context.prefix, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
    if (issue.code === 'invalid_union') return unionFindings(issue, path, context);
    if (issue.code === 'unrecognized_keys') return unknownKeyFindings(issue, path, context);
    return [{ path, ...simpleFinding(issue, valueAt(context.root, issue.path), context) }];
  });
}

/**
 * Returns the findings for unknown keys. If exactly one branch of a union fails only with unknown keys or failed
 * refinements, zod reports the issues of that branch as the issues of the union, even if another branch was intended.
 */
function unknownKeyFindings(issue: z.core.$ZodIssueUnrecognizedKeys, path: Segment[], context: Context): RawFinding[] {
  const schema = schemaAt(context.schema, issue.path);
  const union = schema && unwrap(schema);
  const value = valueAt(context.root, issue.path);
  const picked = union && context.picks.get(union)?.(value);
  if (picked && !('message' in picked)) {
    const parsed = z.safeParse(picked, value);
    if (!parsed.success)
      return structureFindings(parsed.error.issues, { ...context, root: value, schema: picked, prefix: path });
  }
  return unknownKeys(issue.keys, schema, unknownKeyMessage).map(({ key, message }) => ({
    ...{ path: [...path, key], atKey: true, code: 'unknown_key', message },
  }));
}

function unknownKeyMessage(key: string, known: readonly string[]): string {
  const foreign = homeAssistantHint(key, known);
  return foreign === undefined ? unknownKey(key, known) : `Unknown key "${key}". ${foreign}`;
}
