import type { Finding } from '../errors';
import { type FilterRegistry, standardFilters } from '../expressions/filter-registry';
import type { ActionDescription } from '../registry/action-description';
import type { Registry } from '../registry/registry';
import type { SecretBinding } from '../secrets/binding';
import { checkArtifacts } from './check-artifacts';
import { checkCondition } from './check-conditions';
import { allKinds, type KnownNames } from './check-names';
import { checkExpressions, type ParsedUse } from './check-expressions';
import { checkFlow } from './check-flow';
import { checkChangedField, checkChangedFields, checkMembers } from './check-members';
import { checkStep, MAX_STEPS, type StepContext } from './check-steps';
import { checkTriggers } from './check-triggers';
import { Findings, inTextOrder } from './findings';
import { notAnAutomation } from './issues';
import { normalizeDocument } from './normalize';
import { plainCopy } from './plain-copy';
import type { Segment } from './place';
import { isMap } from './plain-map';
import type { Definition } from './schema';
import { isFlagged } from './schema-at';
import { scopeSchemasOf, type ScopeSchemas } from './scope-schemas';
import { scopeTypesOf } from './scope-types';
import { checkSecretReferences } from './secret-references';
import { parseStructure } from './structure';
import { createProposals, triggerIdsOf } from './trigger-ids';
import { eventsOfWait, walkDocument } from './walk';
import { MAX_DOCUMENT_BYTES, readYaml } from './yaml';
import type { Locate } from './yaml-locate';

/** Inputs of a validation, apart from the document. */
export interface ValidationOptions extends KnownNames {
  registry: Registry<ActionDescription>;
  /** Schemas of the data that expressions read. Default: generated from the registry. */
  schemas?: ScopeSchemas;
  /** Default: the built-in filters. */
  filters?: FilterRegistry;
  /** Returns the line and column of a path. Set for a document that was parsed from text. */
  locate?: Locate;
  /** Names of the secrets that exist. If absent, references to secrets are not checked. */
  secrets?: ReadonlySet<string>;
  /** Bindings of secrets, by name. If absent, uses of secrets are not checked. */
  bindings?: ReadonlyMap<string, SecretBinding | null>;
  /** Id of the document's automation, once it has been saved. */
  automationId?: string;
  connections?: ReadonlySet<string>;
}

/** The result of a validation. `definition` is set if and only if there are no errors. */
export interface Validation {
  definition?: Definition;
  errors: Finding[];
  warnings: Finding[];
}

const NOT_CODE = () => false;
/**
 * Maximum number of actions, branches and conditions. A larger document is refused without further checks, because
 * checking a document of one megabyte could take a minute.
 */
const MAX_ENTRIES = 5_000;

/** Returns a function that tests whether the text at a path in a step's config is code, which is never rendered. */
function codeFields(
  step: Record<string, unknown>,
  path: Segment[],
  options: ValidationOptions,
): (at: readonly Segment[]) => boolean {
  const type = typeof step.action === 'string' ? options.registry.action(step.action) : undefined;
  return type ? (at) => isFlagged(type.configSchema, at.slice(path.length), ['x-code']) : NOT_CODE;
}

/** Checks everything except the structure of a document, which may be partly wrong. */
function checkMeaning(document: Record<string, unknown>, options: ValidationOptions, findings: Findings): void {
  const { registry, filters = standardFilters } = options;
  const ids: StepContext['ids'] = new Map();
  const context: StepContext = {
    ...{ registry, document, findings, connections: options.connections, known: options },
    bindings: options.bindings && { bindings: options.bindings, automationId: options.automationId },
    ...{ secretFields: new Set(), ids, proposeId: createProposals(ids), count: 0 },
  };
  const uses: ParsedUse[] = [];
  // Uses a loop, because one text may contain more expressions than a call can have arguments.
  const note = (parsed: readonly ParsedUse[]) => parsed.forEach((use) => uses.push(use));
  const triggerIds = triggerIdsOf(document);
  const kinds = allKinds(options, registry);
  const types = scopeTypesOf(document, options.schemas ?? scopeSchemasOf(registry), options.kinds);
  checkTriggers(document, context);
  checkChangedFields(document, { types, findings });
  walkDocument(document, {
    steps: (list, path) => checkFlow(list, path, findings),
    condition: (condition, path) => checkCondition(condition, path, { triggerIds, kinds, types, findings }),
    expression: (use) => note(checkExpressions(use, filters, findings)),
    step: (visit) => {
      checkStep(visit, context);
      const { wait_for_trigger: wait } = visit.step;
      for (const [one, place] of isMap(wait) ? eventsOfWait(wait, [...visit.path, 'wait_for_trigger']) : []) {
        checkChangedField(one, place, { types, findings });
      }
      if (visit.kind !== 'action') return;
      const path: Segment[] = [...visit.path, 'config'];
      const use = { value: visit.step.config, path, mode: 'template', actionsBefore: visit.actionsBefore } as const;
      note(checkExpressions(use, filters, findings, codeFields(visit.step, path, options)));
    },
  });
  checkMembers(uses, { types, kinds, findings });
  checkArtifacts(uses, context.ids, registry, findings);
  checkSecretReferences(document, context.secretFields, options.secrets, findings);
}

/**
 * Validates a definition for `/automations/validate`, `fermata validate`, saves and GitOps. Reports all problems at
 * once: structure, events, actions, configs, expressions, artifacts, ids and limits. Never throws.
 */
export function validateDefinition(input: unknown, options: ValidationOptions): Validation {
  const findings = new Findings(options.locate);
  const { value: document, findings: unsafe } = plainCopy(input);
  for (const finding of unsafe) findings.error(finding);
  if (!isMap(document)) {
    findings.error({
      path: [],
      code: 'invalid_type',
      message: notAnAutomation(document),
    });
  } else if (JSON.stringify(document).length > MAX_DOCUMENT_BYTES) {
    findings.error({ path: [], code: 'limit_exceeded', message: 'The document is larger than 1 MB' });
  } else {
    const entries = normalizeDocument(document, findings);
    if (entries > MAX_ENTRIES) {
      const message = `A document has at most ${MAX_STEPS} actions; this one has ${entries} actions, branches and conditions`;
      findings.error({ path: [], code: 'limit_exceeded', message });
      return { errors: findings.errors, warnings: findings.warnings };
    }
    const { definition, findings: wrong } = parseStructure(document);
    for (const finding of wrong) findings.error(finding);
    checkMeaning(document, options, findings);
    if (definition && findings.errors.length === 0) return { definition, errors: [], warnings: findings.warnings };
  }
  return { errors: findings.errors, warnings: findings.warnings };
}

/** Returns the part of a value that is validated, and findings about the rest. */
type Split = (value: unknown, locate: Locate) => { document: unknown; findings: readonly Finding[] };

/**
 * Validates `text`, which must contain one document. Errors in the YAML itself are included in the findings. Without
 * `split`, the whole value is validated.
 */
export function validateYaml(
  text: string,
  options: Omit<ValidationOptions, 'locate'>,
  split: Split = (document) => ({ document, findings: [] }),
): Validation {
  const [first, second] = readYaml(text);
  if (!first)
    return {
      errors: [{ path: '', code: 'required', message: 'The document is empty', line: 1, column: 1 }],
      warnings: [],
    };
  if (second) {
    const message = 'Expected one document, found several';
    return { errors: [{ path: '', code: 'yaml_syntax', message, ...second.locate('') }], warnings: [] };
  }
  if (!first.isWhole) return { errors: first.errors, warnings: [] };
  const { document, findings } = split(first.value, first.locate);
  const validation = validateDefinition(document, { ...options, locate: first.locate });
  const beside = [...first.errors, ...findings];
  if (beside.length === 0) return validation;
  return { errors: inTextOrder([...beside, ...validation.errors]), warnings: validation.warnings };
}
