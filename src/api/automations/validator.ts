import type { AutomationRecord } from '../../db/automation-store';
import type { FilterRegistry } from '../../domain/expressions/filter-registry';
import type { Definition } from '../../domain/definition/schema';
import { validateDefinition, validateYaml, type Validation } from '../../domain/definition/validate';
import type { Locate } from '../../domain/definition/yaml-locate';
import type { Finding } from '../../domain/errors';
import type { SecretBinding } from '../../domain/secrets/binding';
import type { Registry } from '../../domain/registry/registry';
import { refusalOfFindings } from '../http/findings';

/** Definitions whose warnings are remembered. */
const MAX_REMEMBERED = 10_000;

/** Names of secrets and ids of connections that there are. */
export interface KnownReferences {
  secrets?: ReadonlySet<string>;
  /** Where secrets may be used. */
  bindings?: ReadonlyMap<string, SecretBinding | null>;
  /** Of the automation, once it has been saved. */
  automationId?: string;
  connections?: ReadonlySet<string>;
}

/** The one validator with what this process knows. */
export interface AutomationValidator {
  /** `known` = what references may name; without it they are not checked. */
  validate(document: unknown, locate?: Locate, known?: KnownReferences): Validation;
  validateYaml(text: string, known?: KnownReferences): Validation;
  /** @throws {FermataError} `validation_failed` with everything that is wrong, also with what stands beside the document. */
  accept(document: unknown, locate?: Locate, beside?: readonly Finding[]): Definition;
  /**
   * Warnings about a stored definition; computed once per version, since the registry does not change while we run. With
   * `known` computed anew, since secrets and connections come and go.
   */
  warningsOf(
    automation: Pick<AutomationRecord, 'id' | 'version' | 'definition' | 'group'>,
    known?: KnownReferences,
  ): Finding[];
}

export function createAutomationValidator(deps: { registry: Registry; filters: FilterRegistry }): AutomationValidator {
  const remembered = new Map<string, Finding[]>();
  const validate = (document: unknown, locate?: Locate, known: Partial<KnownReferences> = {}) =>
    validateDefinition(document, { ...deps, ...known, ...(locate === undefined ? {} : { locate }) });
  return {
    validate,
    validateYaml: (text, known = {}) => validateYaml(text, { ...deps, ...known }),
    accept(document, locate, beside = []) {
      const { definition, errors } = validate(document, locate);
      if (definition === undefined || beside.length > 0) throw refusalOfFindings([...beside, ...errors]);
      return definition;
    },
    warningsOf({ id, version, definition, group }, known) {
      if (known !== undefined) {
        const document = { ...definition, ...(group !== null && { group }) };
        return validate(document, undefined, { ...known, automationId: id }).warnings;
      }
      const key = `${id}:${version}`;
      let warnings = remembered.get(key);
      if (warnings === undefined) {
        warnings = validate(definition).warnings;
        if (remembered.size >= MAX_REMEMBERED) remembered.clear();
        remembered.set(key, warnings);
      }
      return warnings;
    },
  };
}
