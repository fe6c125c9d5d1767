import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readYaml } from '../../domain/definition/yaml';
import type { PlaceDetail } from '../../domain/definition/yaml-locate';
import { messageOf, type Finding } from '../../domain/errors';
import { UsageError } from '../usage-error';
import { fromGitOps, isGitOps } from './gitops-document';

/** One automation of a file. */
export interface AutomationFile {
  file: string;
  /** The document as the API takes it. */
  document: Record<string, unknown>;
  /** The text, when the file is this document alone: saved as it is, comments and all. */
  text: string | undefined;
  /** Place of a finding in the file. */
  locate(path: string, detail?: PlaceDetail): { path: string; line?: number; column?: number };
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
      found.push({ file, document: own, text: documents.length === 1 ? text : undefined, locate: place });
      continue;
    }
    const { document, findings, pathOf } = fromGitOps(own);
    errors.push(...findings.map((finding) => ({ file, finding: { ...finding, ...place(finding.path) } })));
    if (findings.length === 0)
      found.push({ file, document, text: undefined, locate: (path, detail) => place(pathOf(path), detail) });
  }
  return { found, errors };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`);
  }
}
