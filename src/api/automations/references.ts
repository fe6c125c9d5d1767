import type { AutomationRecord } from '../../db/automation-store';
import type { Definition } from '../../domain/definition/schema';
import { walkDocument } from '../../domain/definition/walk';
import { ExpressionError } from '../../domain/expressions/error';
import { expressionsInValue } from '../../domain/expressions/expression-source';
import { ANY_ID, extractReferences, SYSTEM_OF_THIS_RUN, type EntityRef } from '../../domain/expressions/references';
import { isTemplate, parseBareExpression } from '../../domain/expressions/template';

/** Maximum number of definitions whose references are cached. */
const MAX_REMEMBERED = 20_000;

/** How an automation refers to an entity: by id, as any entity of its kind, or as the system of a run. */
export type ReferenceKind = 'id' | 'any' | 'system_of_run';

/** Determines which entities automations refer to. */
export interface ReferenceIndex {
  /** Returns how an automation refers to an entity, or undefined if it does not. */
  referenceKind(
    automation: Pick<AutomationRecord, 'id' | 'version' | 'definition'>,
    entity: EntityRef,
  ): ReferenceKind | undefined;
}

/** Creates an index. It extracts the references of each definition version once. */
export function createReferenceIndex(): ReferenceIndex {
  const remembered = new Map<string, readonly EntityRef[]>();
  return {
    referenceKind({ id, version, definition }, entity) {
      const key = `${id}:${version}`;
      let refs = remembered.get(key);
      if (refs === undefined) {
        refs = referencesOf(definition);
        if (remembered.size >= MAX_REMEMBERED) remembered.clear();
        remembered.set(key, refs);
      }
      const ofKind = refs.filter((ref) => ref.kind === entity.kind);
      if (ofKind.some((ref) => ref.id === entity.id)) return 'id';
      if (ofKind.some((ref) => ref.id === ANY_ID)) return 'any';
      return ofKind.some((ref) => ref.id === SYSTEM_OF_THIS_RUN) ? 'system_of_run' : undefined;
    },
  };
}

/**
 * Returns the entities that a definition refers to: in expressions, templates, state conditions, triggers on entities
 * and `uses_state`.
 */
function referencesOf(definition: Definition): EntityRef[] {
  const refs: EntityRef[] = [];
  const read = (value: unknown, bare: boolean) => refs.push(...refsInText(value, bare));
  walkDocument(definition, {
    expression: ({ value, mode }) => read(value, mode === 'expression'),
    condition: (condition) => refs.push(...stateRefs(condition.state)),
    step: ({ step }) => read(step.config, false),
  });
  for (const { event, config } of definition.triggers) {
    if (event === 'automation.entity_changed') refs.push(...entityRef(config?.kind, config?.id ?? ANY_ID));
  }
  for (const id of definition.uses_state ?? []) refs.push({ kind: 'health', id });
  return refs;
}

function refsInText(value: unknown, bare: boolean): readonly EntityRef[] {
  try {
    const source =
      bare && typeof value === 'string' ? parseBareExpression(value).expression : expressionsInValue(value);
    return extractReferences(source).refs;
  } catch (error) {
    // Scripts are not rendered, so text in them may resemble a template but not be valid.
    if (error instanceof ExpressionError) return [];
    throw error;
  }
}

/**
 * Reads a state condition: `{entity, status}` for health, or `{kind, id, field}` for other kinds. A templated id is
 * treated as a reference to every entity of the kind.
 */
function stateRefs(state: unknown): EntityRef[] {
  if (typeof state !== 'object' || state === null) return [];
  const { kind, id, entity } = state as { kind?: unknown; id?: unknown; entity?: unknown };
  return [...entityRef('health', entity), ...entityRef(kind, id)];
}

function entityRef(kind: unknown, id: unknown): EntityRef[] {
  if (typeof kind !== 'string' || typeof id !== 'string') return [];
  return [{ kind, id: isTemplate(id) ? ANY_ID : id }];
}
