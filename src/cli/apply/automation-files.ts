import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readYaml } from '../../domain/definition/yaml';
import type { PlaceDetail } from '../../domain/definition/yaml-locate';
import { messageOf, type Finding } from '../../domain/errors';
import { UsageError } from '../usage-error';
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

/** The `.yaml`, `.yml` and `.json` files that arguments name, directories with what is below them. @throws {UsageError} */
export function listFiles(targets: readonly string[]): string[] {
  return [...new Set(targets.flatMap(filesOf))];
}

function filesOf(target: string): string[] {
  try {
    if (!statSync(target).isDirectory()) return [target];
    return readdirSync(target, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ya?ml|json)$/.test(name) && !name.includes('node_modules'))
      .sort()
      .map((name) => join(target, name));
  } catch (error) {
    throw new UsageError(`${target} cannot be read: ${messageOf(error)}`);
  }
}

/** Reads all automations of a file; each document of a multi-document file is one. */
export function readAutomationFile(
  file: string,
  text = textOf(file),
): { found: AutomationFile[]; errors: FileFinding[] } {
  const documents = readYaml(text);
  const found: AutomationFile[] = [];
  const errors: FileFinding[] = [];
  for (const { value, errors: wrong, locate } of documents) {
    errors.push(...wrong.map((finding) => ({ file, finding })));
    if (wrong.length > 0 || value === null) continue;
    if (typeof value !== 'object' || Array.isArray(value)) {
      const finding = { path: '', code: 'invalid_type', message: 'Expected an automation (a map)', ...locate('') };
      errors.push({ file, finding });
      continue;
    }
    const own = value as Record<string, unknown>;
    const place = (path: string, detail?: PlaceDetail) => ({ path, ...locate(path, detail) });
    if (!isGitOps(own)) {
      found.push({
        file,
        document: own,
        wrapped: wrap(own),
        locate: place,
        locateWrapped: (path) => place(inside(path)),
      });
      continue;
    }
    const { document, findings, pathOf } = fromGitOps(own);
    errors.push(...findings.map((finding) => ({ file, finding: { ...finding, ...place(finding.path) } })));
    if (findings.length === 0)
      found.push({
        ...{ file, document, wrapped: own as AutomationFile['wrapped'] },
        locate: (path, detail) => place(pathOf(path), detail),
        locateWrapped: place,
      });
  }
  return { found, errors };
}

/** An automation alone as a document for Git: known by its own name. */
function wrap({ name, ...spec }: Record<string, unknown>): AutomationFile['wrapped'] {
  return { apiVersion: 'fermata/v1', kind: 'Automation', metadata: { name: name as string }, spec };
}

/** Place in an automation alone of a place in what it was wrapped in. */
function inside(path: string): string {
  if (path === 'metadata.name') return 'name';
  return path.startsWith('spec.') ? path.slice('spec.'.length) : '';
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`);
  }
}
