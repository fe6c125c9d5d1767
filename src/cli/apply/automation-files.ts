import { notAnAutomation } from '../../domain/definition/issues';
import { readYaml } from '../../domain/definition/yaml';
import type { PlaceDetail } from '../../domain/definition/yaml-locate';
import type { Finding } from '../../domain/errors';
import { readTextFile } from '../read-text-file';
import { gitOpsText } from '../../domain/definition/gitops-text';
import { fromGitOps, isGitOps } from '../../domain/definition/gitops-document';

/** A position in a file. */
export interface FilePlace {
  path: string;
  line?: number;
  column?: number;
}

/** An automation in a file. */
export interface AutomationFile {
  file: string;
  /** The automation without the GitOps wrapper, as `validate` checks it. */
  document: Record<string, unknown>;
  /** The document in GitOps format. A plain automation is wrapped, with its name as `metadata.name`. */
  wrapped: Record<string, unknown> & { metadata: { name: string } };
  /**
   * Returns `wrapped` as YAML, with its comments and with `path` as annotation. Returns undefined if the comments
   * cannot be kept, or if the text has duplicate keys.
   */
  text(path: string): string | undefined;
  /** Returns the position in the file for a path in `document`. */
  locate(path: string, detail?: PlaceDetail): FilePlace;
  /** Returns the position in the file for a path in `wrapped`. */
  locateWrapped(path: string): FilePlace;
}

/** A finding about a file. */
export interface FileFinding {
  file: string;
  finding: Finding;
}

/** The contents of a file. */
export interface AutomationFileContent {
  found: AutomationFile[];
  errors: FileFinding[];
  /** Kinds of documents that belong to other programs and are skipped, such as "v1 ConfigMap". */
  foreign: string[];
}

/** Reads all automations in a file. A YAML file may contain several documents, each with one automation. */
export function readAutomationFile(file: string, text = readTextFile(file)): AutomationFileContent {
  const documents = readYaml(text);
  const found: AutomationFile[] = [];
  const errors: FileFinding[] = [];
  const foreign = new Set<string>();
  for (const { value, isWhole, parsed, errors: wrong, locate } of documents) {
    errors.push(...wrong.map((finding) => ({ file, finding })));
    if (!isWhole || value === null) continue;
    if (typeof value !== 'object' || Array.isArray(value)) {
      const finding = { path: '', code: 'invalid_type', message: notAnAutomation(value), ...locate('') };
      errors.push({ file, finding });
      continue;
    }
    const own = value as Record<string, unknown>;
    const other = foreignKind(own);
    if (other !== undefined) {
      foreign.add(other);
      continue;
    }
    const write = (path: string) =>
      parsed && wrong.length === 0 ? gitOpsText(parsed, { path, like: text }) : undefined;
    const place = (path: string, detail?: PlaceDetail) => ({ path, ...locate(path, detail) });
    if (!isGitOps(own)) {
      found.push({
        file,
        document: own,
        wrapped: wrap(own),
        text: write,
        locate: place,
        locateWrapped: (path) => place(inside(path)),
      });
      continue;
    }
    const { document, findings, pathOf } = fromGitOps(own);
    errors.push(...findings.map((finding) => ({ file, finding: { ...finding, ...place(finding.path) } })));
    if (findings.length === 0)
      found.push({
        ...{ file, document, wrapped: own as AutomationFile['wrapped'], text: write },
        locate: (path, detail) => place(pathOf(path), detail),
        locateWrapped: place,
      });
  }
  return { found, errors, foreign: [...foreign] };
}

/**
 * Returns the kind of a document that belongs to another program, e.g. a Kubernetes object. Returns undefined for
 * automations.
 */
function foreignKind({ apiVersion, kind }: Record<string, unknown>): string | undefined {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || apiVersion.startsWith('fermata/')) return undefined;
  return `${apiVersion} ${kind}`;
}

/** Returns one note per foreign kind, with the number of files that contain it. */
export function foreignNotes(contents: readonly AutomationFileContent[]): string[] {
  const files = new Map<string, number>();
  for (const kind of contents.flatMap(({ foreign }) => foreign)) files.set(kind, (files.get(kind) ?? 0) + 1);
  return [...files].map(
    ([kind, count]) => `skipped ${kind} in ${count} ${count === 1 ? 'file' : 'files'}: not a Fermata document`,
  );
}

/** Wraps a plain automation in the GitOps format, with its name as `metadata.name`. */
function wrap({ name, ...spec }: Record<string, unknown>): AutomationFile['wrapped'] {
  return { apiVersion: 'fermata/v1', kind: 'Automation', metadata: { name: name as string }, spec };
}

/** Converts a path in a wrapped automation to the path in the plain automation. Returns '' if it has no counterpart. */
function inside(path: string): string {
  if (path === 'metadata.name') return 'name';
  return path.startsWith('spec.') ? path.slice('spec.'.length) : '';
}
