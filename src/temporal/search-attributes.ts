import {
  defineSearchAttributeKey,
  SearchAttributeType,
  TypedSearchAttributes,
  type SearchAttributePair,
} from '@temporalio/common';
import type { ConnectionLike } from '@temporalio/client';
import type { Config } from '../config';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import { shortKey } from '../domain/run/workflow-id';

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

/** `INDEXED_VALUE_TYPE_KEYWORD` in Temporal's API. */
const KEYWORD_TYPE = 2;

/** Attributes by which people find runs in the Web UI. `RunId` is reserved by Temporal, hence `FermataRunId`. */
const KEYS = {
  automationId: keyword('AutomationId'),
  automationName: keyword('AutomationName'),
  automationGroup: keyword('AutomationGroup'),
  triggerEvent: keyword('TriggerEvent'),
  contextKey: keyword('ContextKey'),
  runId: keyword('FermataRunId'),
};

/** Names of all search attributes that runs can have. */
export const SEARCH_ATTRIBUTE_NAMES = Object.values(KEYS).map((key) => key.name);

/**
 * Returns the attributes of a run or dwell. Absent values are left out, and long values are truncated as in workflow
 * ids.
 */
export function searchAttributesOf(run: {
  id: string | null;
  automationId: string;
  automationName: string;
  automationGroup: string | null;
  triggerEvent: string | null;
  contextKey: string | null;
}): TypedSearchAttributes {
  const pairs: SearchAttributePair[] = [
    { key: KEYS.automationId, value: run.automationId },
    { key: KEYS.automationName, value: shortKey(run.automationName) },
  ];
  if (run.id !== null) pairs.push({ key: KEYS.runId, value: run.id });
  if (run.automationGroup !== null) pairs.push({ key: KEYS.automationGroup, value: run.automationGroup });
  if (run.triggerEvent !== null) pairs.push({ key: KEYS.triggerEvent, value: run.triggerEvent });
  if (run.contextKey !== null && run.contextKey !== '') {
    pairs.push({ key: KEYS.contextKey, value: shortKey(run.contextKey) });
  }
  return new TypedSearchAttributes(pairs);
}

/** Returns the names of Fermata's attributes that the namespace lacks. */
async function missingSearchAttributes(connection: ConnectionLike, namespace: string): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const known = new Set(Object.keys(customAttributes ?? {}));
  return SEARCH_ATTRIBUTE_NAMES.filter((name) => !known.has(name));
}

/** Registers missing attributes and returns their names. Throws where registration is not allowed (Temporal Cloud). */
export async function registerSearchAttributes(connection: ConnectionLike, namespace: string): Promise<string[]> {
  const missing = await missingSearchAttributes(connection, namespace);
  if (missing.length === 0) return [];
  const type = KEYWORD_TYPE;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, type])),
  });
  return missing;
}

/**
 * Registers the search attributes, unless the operator has done so. Returns false where registration is not allowed
 * (Temporal Cloud). Runs are then started without search attributes.
 */
export async function searchAttributesUsable(
  connection: ConnectionLike,
  { namespace, searchAttributes }: Pick<Config['temporal'], 'namespace' | 'searchAttributes'>,
  log: Logger,
): Promise<boolean> {
  if (searchAttributes === 'registered') return true;
  try {
    await registerSearchAttributes(connection, namespace);
    return (await missingSearchAttributes(connection, namespace)).length === 0;
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'runs are started without search attributes');
    return false;
  }
}
