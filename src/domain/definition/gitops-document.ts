import { z } from 'zod';
import type { Finding } from '../errors';
import { explain, findingsOf } from '../validation/explain';

/** An automation in the form that is stored in Git. */
export const GitOpsDocument = z.strictObject({
  apiVersion: z.literal('fermata/v1'),
  kind: z.literal('Automation'),
  metadata: z.strictObject({
    name: z.string().min(1).max(200),
    title: z.string().min(1).max(200).optional(),
    description: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z
      .record(z.string(), z.string())
      .optional()
      .describe('`path`: file of the document, shown as its origin'),
  }),
  spec: z.record(z.string(), z.unknown()),
});

interface Unwrapped {
  /** `metadata.name`, which identifies the automation within its source. */
  name: string;
  /** `metadata.annotations.path`, which is the path of the file with the document. */
  file: string | null;
  /** The automation document. */
  document: Record<string, unknown>;
  findings: Finding[];
  /**
   * Warnings about keys of `spec` that `metadata` overrides. Their paths refer to the document for Git, not to
   * `document`.
   */
  warnings: Finding[];
  /** Converts a path in the automation document to a path in the document for Git. */
  pathOf(path: string): string;
}

/** Returns whether a document has the form for Git. A plain automation document has neither `apiVersion` nor `kind`. */
export function isGitOps(document: Record<string, unknown>): boolean {
  return Object.hasOwn(document, 'apiVersion') || Object.hasOwn(document, 'kind');
}

/**
 * Extracts the automation from `{apiVersion, kind, metadata, spec}`. The name of the automation is `metadata.title`, or
 * `metadata.name` if there is no title. The description in `metadata` and the label `group` override those in `spec`.
 * If the form is not valid, the result contains only findings, and `name` and `document` are empty.
 */
export function fromGitOps(whole: Record<string, unknown>): Unwrapped {
  const parsed = explain(GitOpsDocument, whole);
  if (!parsed.success) {
    const findings = findingsOf(parsed.problems.map((problem) => ({ ...problem, code: 'invalid_document' })));
    return { name: '', file: null, document: {}, findings, warnings: [], pathOf: (path) => path };
  }
  const { metadata, spec } = parsed.data;
  const { name, title, description, labels, annotations } = metadata;
  const group = labels !== undefined && Object.hasOwn(labels, 'group') ? labels['group'] : undefined;
  const moved = new Map([
    ['name', title === undefined ? 'metadata.name' : 'metadata.title'],
    ...(description === undefined ? [] : [['description', 'metadata.description'] as const]),
    ...(group === undefined ? [] : [['group', 'metadata.labels.group'] as const]),
  ]);
  const document = {
    ...spec,
    name: title ?? name,
    ...(description === undefined ? {} : { description }),
    ...(group === undefined ? {} : { group }),
  };
  return {
    name,
    file: annotations !== undefined && Object.hasOwn(annotations, 'path') ? (annotations['path'] ?? null) : null,
    document,
    findings: [],
    warnings: overridden(spec, document, moved),
    pathOf: (path) => moved.get(path) ?? (path === '' ? 'spec' : `spec.${path}`),
  };
}

/** Returns a warning for each key of `spec` that is ignored because `metadata` has a different value. */
function overridden(
  spec: Record<string, unknown>,
  document: Record<string, unknown>,
  moved: ReadonlyMap<string, string>,
): Finding[] {
  return [...moved].flatMap(([key, used]) => {
    if (!Object.hasOwn(spec, key) || spec[key] === document[key]) return [];
    return [{ path: `spec.${key}`, code: 'ignored_key', message: `Ignored: ${used} is used instead` }];
  });
}
