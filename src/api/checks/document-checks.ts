import { withAliases } from '../../domain/expressions/aliases';
import { ExpressionError } from '../../domain/expressions/error';
import { evaluate } from '../../domain/expressions/evaluate';
import type { FilterRegistry } from '../../domain/expressions/filter-registry';
import { parseBareExpression, renderTemplate } from '../../domain/expressions/template';
import type { KnownNames } from '../../domain/definition/check-names';
import { textAfter, textOf, type StoredDocument, type TextChange } from '../../domain/definition/source-text';
import { validateSentYaml } from '../../domain/definition/status';
import { validateDefinition, type Validation } from '../../domain/definition/validate';
import { parseYaml } from '../../domain/definition/yaml';
import type { Locate } from '../../domain/definition/yaml-locate';
import { FermataError, type Finding } from '../../domain/errors';
import type { Registry } from '../../domain/registry/registry';
import type { SecretBinding } from '../../domain/secrets/binding';
import { readGitOpsDocuments, type GitOpsRead } from '../gitops/read-documents';
import { isJsonType, mediaTypeOf, parseBody } from '../http/body';
import { splitBody } from '../automations/input';

/** Existing names that documents can refer to. */
export interface KnownReferences extends KnownNames {
  secrets?: ReadonlySet<string>;
  /** The uses to which each secret is restricted, by secret name. */
  bindings?: ReadonlyMap<string, SecretBinding | null>;
  /** Id of the automation, if it has been saved. */
  automationId?: string;
  connections?: ReadonlySet<string>;
}

/** A template or expression, and the scope in which to evaluate it. `now` is ISO 8601. */
export interface RenderRequest {
  template: unknown;
  context: Record<string, unknown>;
  mode: 'template' | 'expression';
  now: string;
}

export type Rendered = { output: unknown } | { error: { message: string; line: number; column: number } };

/** Errors and warnings about the text of a document. */
export interface TextFindings {
  errors: Finding[];
  warnings: Finding[];
}

/**
 * Checks of documents and templates that are too slow for the main thread. All inputs and outputs support structured
 * cloning, so the checks can run in a thread.
 */
export interface DocumentChecks {
  /**
   * Parses YAML and returns its value.
   * @throws {FermataError} as `parseYaml`
   */
  parse(input: { text: string }): unknown;
  /** Returns an automation as YAML. */
  textOf(input: { sourceYaml: string | null; stored: StoredDocument }): string;
  /** Returns the YAML text to store after a change. */
  textAfter(change: TextChange): string | null;
  /** Validates a document. `text` is its YAML text, from which the lines and columns of findings are derived. */
  validate(input: { document: unknown; text?: string | undefined; known?: KnownReferences | undefined }): Validation;
  /**
   * Validates the body of `POST /automations/validate`.
   * @throws {FermataError} `unsupported_media_type` for JSON with a charset other than UTF-8
   */
  validateText(input: { text: string; contentType: string | undefined; known: KnownReferences }): TextFindings;
  gitops(input: { text: string; known?: KnownReferences | undefined }): GitOpsRead;
  render(input: RenderRequest): Rendered;
}

export function createDocumentChecks(deps: { registry: Registry; filters: FilterRegistry }): DocumentChecks {
  const validate: DocumentChecks['validate'] = ({ document, text, known = {} }) =>
    validateDefinition(document, { ...deps, ...known, ...(text !== undefined && { locate: createLazyLocate(text) }) });
  return {
    parse: ({ text }) => parseYaml(text).value,
    textOf: ({ sourceYaml, stored }) => textOf(sourceYaml, stored),
    textAfter,
    validate,
    validateText: ({ text, contentType, known }) => validateText(deps, text, contentType, known),
    gitops: ({ text, known = {} }) =>
      readGitOpsDocuments(text, (document, locate) => validateDefinition(document, { ...deps, ...known, locate })),
    render: (input) => render(input, deps.filters),
  };
}

/** Returns a function that locates findings. It parses the text only when the first finding has to be located. */
function createLazyLocate(text: string): Locate {
  let locate: Locate | undefined;
  return (place, detail) => (locate ??= parseYaml(text).locate)(place, detail);
}

/** Codes of errors that are caused by the text. Only these errors are reported as findings. */
const TEXT_ERRORS = new Set(['validation_failed', 'malformed_body', 'limit_exceeded', 'invalid_text']);

/** Validates the text of a document. Invalid YAML or JSON is reported as a finding. */
function validateText(
  deps: { registry: Registry; filters: FilterRegistry },
  text: string,
  contentType: string | undefined,
  known: KnownReferences,
): TextFindings {
  // Any content type other than JSON is read as YAML, which includes JSON.
  if (!isJsonType(mediaTypeOf(contentType))) return validateSentYaml(text, { ...deps, ...known });
  try {
    const { document, findings } = splitBody(parseBody(Buffer.from(text), contentType, 'json-or-yaml').value);
    const { errors, warnings } = validateDefinition(document, { ...deps, ...known });
    return { errors: [...findings, ...errors], warnings };
  } catch (error) {
    if (!(error instanceof FermataError) || !TEXT_ERRORS.has(error.code)) throw error;
    const { code, message, errors = [{ path: '', code, message }] } = error;
    return { errors: [...errors], warnings: [] };
  }
}

function render({ template, context, mode, now: at }: RenderRequest, filters: FilterRegistry): Rendered {
  const now = new Date(at);
  const scope = withAliases({ ...context, now: now.toISOString() });
  try {
    if (mode === 'template') return { output: renderTemplate(template, scope, { now, filters }) ?? null };
    const { expression } = parseBareExpression(String(template));
    return { output: evaluate(expression, scope, { now, filters }) ?? null };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { error: { message: error.problem, line: error.line, column: error.column } };
  }
}
