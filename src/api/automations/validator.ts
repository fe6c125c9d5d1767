import type { AutomationRecord } from '../../db/automation-store';
import type { StoredDocument, TextChange } from '../../domain/definition/source-text';
import type { Definition } from '../../domain/definition/schema';
import type { Validation } from '../../domain/definition/validate';
import type { Finding } from '../../domain/errors';
import type { KnownReferences, TextFindings } from '../checks/document-checks';
import type { DocumentWork } from '../checks/document-work';
import type { GitOpsRead } from '../gitops/read-documents';
import type { BodySource } from '../http/body';
import { refusalOfFindings } from '../http/findings';

/** Maximum number of definitions whose warnings are cached. */
const MAX_REMEMBERED = 10_000;

export type { KnownReferences } from '../checks/document-checks';

/** Validates automations with the plugins of this process. Large documents are validated off the main thread. */
export interface AutomationValidator {
  /**
   * Validates a document. `source` contains its text. `known` contains the existing names; without it, references are
   * not checked.
   */
  validate(document: unknown, source?: BodySource, known?: KnownReferences): Promise<Validation>;
  validateText(text: string, contentType: string | undefined, known: KnownReferences): Promise<TextFindings>;
  /** Reads the documents in a GitOps request. Without `known`, references are not checked. */
  readGitOps(text: string, known?: KnownReferences): Promise<GitOpsRead>;
  /**
   * Parses YAML and returns its value.
   * @throws {FermataError} `malformed_body`, `body_too_large`
   */
  parse(text: string): Promise<unknown>;
  /**
   * Returns an automation as YAML. If the text that its author saved still matches the definition, returns that text.
   */
  textOf(automation: StoredDocument & Pick<AutomationRecord, 'sourceYaml'>): Promise<string>;
  /** Returns the YAML text to store after a change, or null if there is none. */
  textAfter(change: TextChange): Promise<string | null>;
  /**
   * Returns the definition that a valid document contains.
   * @throws {FermataError} `validation_failed` with all errors, including the findings in `beside`
   */
  accept(document: unknown, source?: BodySource, beside?: readonly Finding[]): Promise<Definition>;
  /**
   * Returns warnings about a stored definition. The result is cached per version until the known names change. This is
   * safe because the registry does not change while the process runs.
   */
  warningsOf(
    automation: Pick<AutomationRecord, 'id' | 'version' | 'definition' | 'group'>,
    known?: KnownReferences,
  ): Promise<Finding[]>;
}

export function createAutomationValidator({ work }: { work: DocumentWork }): AutomationValidator {
  const remembered = new Map<string, { references: string; warnings: Promise<Finding[]> }>();
  const validate: AutomationValidator['validate'] = (document, source, known) =>
    work.run(
      'validate',
      { document, text: source?.text, known },
      source?.text.length ?? JSON.stringify(document).length,
    );
  return {
    validate,
    validateText: (text, contentType, known) => work.run('validateText', { text, contentType, known }, text.length),
    readGitOps: (text, known) => work.run('gitops', { text, known }, text.length),
    parse: (text) => work.run('parse', { text }, text.length),
    textOf: ({ definition, group, status, sourceYaml }) => {
      const input = { sourceYaml, stored: { definition, group, status } };
      return work.run('textOf', input, sourceYaml?.length ?? 0);
    },
    textAfter: (change) => {
      const size = (change.sourceYaml?.length ?? 0) + (change.patch?.length ?? 0);
      return work.run('textAfter', change, size);
    },
    async accept(document, source, beside = []) {
      const { definition, errors } = await validate(document, source);
      if (definition === undefined || beside.length > 0) throw refusalOfFindings([...beside, ...errors]);
      return definition;
    },
    warningsOf({ id, version, definition, group }, known) {
      const key = `${id}:${version}${known === undefined ? '' : `:known:${group ?? ''}`}`;
      const references = known === undefined ? '' : referencesText(known);
      const kept = remembered.get(key);
      if (kept?.references === references) return kept.warnings;
      const document = { ...definition, ...(known !== undefined && group !== null && { group }) };
      const named = known && { ...known, automationId: id };
      const warnings = validate(document, undefined, named).then((validation) => validation.warnings);
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      remembered.set(key, { references, warnings });
      // Do not cache failures.
      warnings.catch(() => remembered.delete(key));
      return warnings;
    },
  };
}

function referencesText({ secrets, connections, bindings, hooks, kinds }: KnownReferences): string {
  return JSON.stringify([secrets, connections, bindings, hooks, kinds].map((known) => [...(known ?? [])].sort()));
}
