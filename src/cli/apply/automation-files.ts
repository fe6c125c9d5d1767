import { notAnAutomation } from '../../domain/definition/issues';
import { readYaml } from '../../domain/definition/yaml';
import type { PlaceDetail } from '../../domain/definition/yaml-locate';
import type { Finding } from '../../domain/errors';
import { readTextFile } from '../read-text-file';
import { gitOpsText } from '../../domain/definition/gitops-text';
import { fromGitOps, isGitOps } from '../../domain/definition/gitops-document';

/** A place as people find it. */
export interface FilePlace {
  path: string;
  line?: number;
  column?: number;
}

/** One automation of a file. */
export interface AutomationFile {
  file: string;
  /** The automation alone, as `validate` checks it. */
  document: Record<string, unknown>;
  /** The document for Git; one that is an automation alone is wrapped, under its own name. */
  wrapped: Record<string, unknown> & { metadata: { name: string } };
  /** `wrapped` as YAML with its comments and this path as annotation; undefined when it cannot be written so. */
  text(path: string): string | undefined;
  /** Place in the file of a place in `document`. */
  locate(path: string, detail?: PlaceDetail): FilePlace;
  /** Place in the file of a place in `wrapped`. */
  locateWrapped(path: string): FilePlace;
}

/** A finding of a file. */
export interface FileFinding {
  file: string;
  finding: Finding;
}

/** Everything that a file holds. */
export interface AutomationFileContent {
  found: AutomationFile[];
  errors: FileFinding[];
  /** Kinds of documents that belong to other programs, such as "v1 ConfigMap": they are skipped. */
  foreign: string[];
}

/** Reads all automations of a file; each document of a multi-document file is one. */
export function readAutomationFile(file: string, text = readTextFile(file)): AutomationFileContent {
  const documents = readYaml(text);
  const found: AutomationFile[] = [];
  const errors: FileFinding[] = [];
  const foreign = new Set<string>();
  for (const { value, parsed, errors: wrong, locate } of documents) {
    errors.push(...wrong.map((finding) => ({ file, finding })));
    if (wrong.length > 0 || value === null) continue;
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
    const write = (path: string) => parsed && gitOpsText(parsed, { path, like: text });
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

/** Returns the kind of a document of another program, for example a Kubernetes object; undefined for ours. */
function foreignKind({ apiVersion, kind }: Record<string, unknown>): string | undefined {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || apiVersion.startsWith('fermata/')) return undefined;
  return `${apiVersion} ${kind}`;
}

/** Names each foreign kind once, with the number of files that hold it. */
export function foreignNotes(contents: readonly AutomationFileContent[]): string[] {
  const files = new Map<string, number>();
  for (const kind of contents.flatMap(({ foreign }) => foreign)) files.set(kind, (files.get(kind) ?? 0) + 1);
  return [...files].map(
    ([kind, count]) => `skipped ${kind} in ${count} ${count === 1 ? 'file' : 'files'}: not Fermata's`,
  );
}

/** Returns an automation alone as a document for Git: known by its own name. */
function wrap({ name, ...spec }: Record<string, unknown>): AutomationFile['wrapped'] {
  return { apiVersion: 'fermata/v1', kind: 'Automation', metadata: { name: name as string }, spec };
}

/** Place in an automation alone of a place in what it was wrapped in. */
function inside(path: string): string {
  if (path === 'metadata.name') return 'name';
  return path.startsWith('spec.') ? path.slice('spec.'.length) : '';
}
