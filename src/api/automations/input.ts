import type { AutomationStatus } from '../../db/automation-store';
import { automationJsonSchema } from '../../domain/definition/json-schema';
import { notAnAutomation } from '../../domain/definition/issues';
import type { Definition } from '../../domain/definition/schema';
import { AutomationStatus as SentStatus, takeStatus } from '../../domain/definition/status';
import type { ActionDescription } from '../../domain/registry/action-description';
import type { Registry } from '../../domain/registry/registry';
import type { Locate } from '../../domain/definition/yaml-locate';
import type { Finding } from '../../domain/errors';
import { refusalOfFindings } from '../http/findings';
import type { JsonSchema } from '../openapi/schema';

/** JSON Schemas of request bodies for the OpenAPI document. `validateDefinition` does the actual validation. */
export interface AutomationBodySchemas {
  /** The document plus `status`. */
  create: JsonSchema;
  /** Any subset of the top-level keys of `create`. */
  patch: JsonSchema;
}

/** Returns the schema that editors use, with the fields that only the API accepts added. */
export function automationBodySchemas(registry: Registry<ActionDescription>): AutomationBodySchemas {
  const { $defs } = automationJsonSchema(registry) as { $defs: Record<string, JsonSchema> };
  const { Automation = {}, ...parts } = $defs;
  const { required, properties, ...rest } = Automation;
  const status = { enum: SentStatus.options, description: 'Default: enabled' };
  const body = { ...rest, properties: { ...(properties as object), status } };
  return {
    create: { $ref: '#/$defs/AutomationInput', $defs: { ...parts, AutomationInput: { ...body, required } } },
    patch: { $ref: '#/$defs/AutomationPatch', $defs: { ...parts, AutomationPatch: body } },
  };
}

/** A request body split into the document and its `status`. */
export interface SplitBody {
  document: Record<string, unknown>;
  status: AutomationStatus | undefined;
  /** A finding about an unknown status, reported together with the findings about the document. */
  findings: readonly Finding[];
}

/**
 * Removes the status from a body and returns both.
 * @throws {FermataError} `validation_failed` when the body is not a map
 */
export function splitBody(body: unknown, locate?: Locate): SplitBody {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw refusalOfFindings([{ path: '', message: notAnAutomation(body), code: 'invalid_type' }]);
  }
  return takeStatus(body as Record<string, unknown>, locate);
}

/** Returns the current document with a patch applied. Null removes a key. */
export function patchDocument(
  current: { definition: Definition; group: string | null },
  patch: Record<string, unknown>,
): Record<string, unknown> {
  const merged = { ...current.definition, ...(current.group === null ? {} : { group: current.group }), ...patch };
  // A document without a group keeps the stored group, so removing the group must be explicit.
  const cleared = patch.group === null ? { ...merged, group: '' } : merged;
  return Object.fromEntries(Object.entries(cleared).filter(([, value]) => value !== null));
}

/**
 * Returns a document that replaces the current document completely. A missing group becomes an empty group, because a
 * document without a group would keep the stored group.
 */
export function wholeDocument(document: Record<string, unknown>): Record<string, unknown> {
  return document['group'] == null ? { ...document, group: '' } : document;
}
