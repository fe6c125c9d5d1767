import { inTextOrder } from '../../domain/definition/findings';
import { fromGitOps } from '../../domain/definition/gitops-document';
import { automationText } from '../../domain/definition/gitops-text';
import type { Definition } from '../../domain/definition/schema';
import { readYaml, type YamlDocument } from '../../domain/definition/yaml';
import type { Finding } from '../../domain/errors';
import type { Validation } from '../../domain/definition/validate';
import type { Locate } from '../../domain/definition/yaml-locate';

/** A valid document of a GitOps request. */
export interface GitOpsAutomation {
  /** `metadata.name` */
  name: string;
  /** `metadata.annotations.path` */
  path: string | null;
  definition: Definition;
  /** The automation in the document as YAML, including comments. Null if its text cannot be extracted. */
  sourceYaml: string | null;
}

/** The result of reading the documents of a GitOps request. */
export interface GitOpsRead {
  automations: GitOpsAutomation[];
  errors: Finding[];
  warnings: Finding[];
}

type Validate = (document: unknown, locate: Locate) => Validation;

/**
 * Reads `text`, which may contain several documents. Returns the findings of all documents. Their paths start with
 * `documents[<index>]`; empty documents are not counted.
 */
export function readGitOpsDocuments(text: string, validate: Validate): GitOpsRead {
  const automations: GitOpsAutomation[] = [];
  const errors: Finding[] = [];
  const warnings: Finding[] = [];
  const seen = new Map<string, number>();
  const documents = readYaml(text).filter(({ value, errors: wrong }) => value !== null || wrong.length > 0);
  for (const [index, document] of documents.entries()) {
    const place = (finding: Finding): Finding => ({
      ...finding,
      path: finding.path === '' ? `documents[${index}]` : `documents[${index}].${finding.path}`,
    });
    const read = readOne(document, validate, text);
    errors.push(...read.errors.map(place));
    warnings.push(...read.warnings.map(place));
    const first = seen.get(read.name);
    if (first !== undefined && read.name !== '') {
      const message = `The name "${read.name}" is already used by documents[${first}]: give each automation a different name`;
      const finding = { path: 'metadata.name', code: 'duplicate_name', message, ...document.locate('metadata.name') };
      errors.push(place(finding));
    }
    seen.set(read.name, index);
    const { definition, sourceYaml = null } = read;
    if (definition) automations.push({ name: read.name, path: read.path, definition, sourceYaml });
  }
  return { automations, errors, warnings };
}

interface ReadOne {
  name: string;
  path: string | null;
  definition?: Definition;
  sourceYaml?: string | null;
  errors: Finding[];
  warnings: Finding[];
}

function readOne(document: YamlDocument, validate: Validate, text: string): ReadOne {
  const { errors } = document;
  if (!document.isWhole) return { name: '', path: null, errors, warnings: [] };
  const read = readValue(document, validate, text);
  if (errors.length === 0) return read;
  const { name, path, warnings } = read;
  return { name, path, errors: inTextOrder([...errors, ...read.errors]), warnings };
}

function readValue({ value, parsed, locate }: YamlDocument, validate: Validate, text: string): ReadOne {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = 'Expected a document {apiVersion, kind, metadata, spec}';
    return { name: '', path: null, errors: [{ path: '', code: 'invalid_type', message, ...locate('') }], warnings: [] };
  }
  const { name, file: path, document, findings, warnings, pathOf } = fromGitOps(value as Record<string, unknown>);
  if (findings.length > 0) {
    return { name, path, errors: findings.map((finding) => ({ ...finding, ...locate(finding.path) })), warnings: [] };
  }
  const validation = validate(document, (path, detail) => locate(pathOf(path), detail));
  const placed = (finding: Finding) => ({ ...finding, path: pathOf(finding.path) });
  const ignored = warnings.map((finding) => ({ ...finding, ...locate(finding.path) }));
  const found = { errors: validation.errors.map(placed), warnings: [...ignored, ...validation.warnings.map(placed)] };
  const { definition } = validation;
  if (definition === undefined) return { name, path, ...found };
  const sourceYaml = parsed === undefined ? null : automationText(parsed, document, { definition, like: text });
  return { name, path, ...found, definition, sourceYaml };
}
