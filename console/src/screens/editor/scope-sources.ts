import { SCOPE_ROOTS, TRIGGER_FIELDS } from '../../../../src/domain/definition/scope-roots';
import { memberOf, valueAt, type Knowledge, type Schema } from './schema-walk';
import type { Entry, Path } from './yaml-place';

/** The position of an expression in the text, and the data from which its names are completed. */
export interface Standing {
  knowledge: Knowledge;
  entries: readonly Entry[];
  path: Path;
  /** Offset in the text. */
  at: number;
}

/** A schema that may describe a value. */
export interface Source {
  schema: Schema;
  /** The root schema, in which references are resolved. */
  root: Schema;
  /** The event whose payload contains the value. */
  event?: string;
}

/** Aliases of root names. */
const ALIASES: Readonly<Record<string, string>> = { vars: 'var', variables: 'var' };
const EVENT_FIELDS: Schema = { type: 'object', properties: TRIGGER_FIELDS };
const TRIGGER: Schema = {
  ...SCOPE_ROOTS['trigger'],
  ...EVENT_FIELDS,
  properties: { id: { description: 'Id of the trigger' }, ...TRIGGER_FIELDS },
};
const CHANGED: Schema = {
  properties: { kind: { description: 'Kind of the entity' }, id: { description: 'Id of the entity' } },
};

export const isVariables = (root: string): boolean => root === 'var' || Object.hasOwn(ALIASES, root);
/** Root names to offer, without aliases. */
export const ROOT_NAMES = Object.keys(SCOPE_ROOTS).filter((name) => !Object.hasOwn(ALIASES, name) && name !== 'resume');

const own = (schema: Schema): Source[] => [{ schema, root: schema }];

/**
 * Returns the schemas that may describe the value of a chain such as `["trigger", "payload"]`. Returns an empty list if
 * nothing is known about the value.
 */
export function sourcesOf(chain: readonly string[], standing: Standing): Source[] {
  const { sources, taken } = startOf(chain, standing);
  return chain
    .slice(taken)
    .reduce<Source[]>(
      (found, name) =>
        found.flatMap((each) => memberOf(each.schema, each.root, name).map((schema) => ({ ...each, schema }))),
      sources,
    );
}

/** Returns the schemas for the first names of a chain, and how many names they cover. */
function startOf(chain: readonly string[], standing: Standing): { sources: Source[]; taken: number } {
  const { knowledge } = standing;
  const [root = '', second, third] = chain;
  switch (root) {
    case 'trigger':
      if (second === 'payload') return { sources: payloads(listenedEvents(standing), knowledge), taken: 2 };
      return { sources: own(TRIGGER), taken: 1 };
    case 'resume':
      if (second === 'payload') return { sources: payloads(waitedEvents(standing), knowledge), taken: 2 };
      break;
    case 'wait':
      if (second === 'changed') return { sources: own(CHANGED), taken: 2 };
      if (second !== 'trigger') break;
      if (third === 'payload') return { sources: payloads(waitedEvents(standing), knowledge), taken: 3 };
      return { sources: own(EVENT_FIELDS), taken: 2 };
    case 'health':
      if (second === 'system') return { sources: own(knowledge.health), taken: 2 };
      if (second === 'systems' && third !== undefined) return { sources: own(knowledge.health), taken: 3 };
      break;
    case 'state': {
      const schema = knowledge.kinds.find(({ kind }) => kind === second)?.schema;
      if (third !== undefined) return { sources: schema === undefined ? [] : own(schema), taken: 3 };
      break;
    }
    case 'artifacts': {
      const produced = madeBefore(standing).find(({ id }) => id === second)?.produces;
      if (third !== undefined) return { sources: produced?.name === third ? own(produced.schema) : [], taken: 3 };
      break;
    }
    default:
  }
  const schema = Object.hasOwn(SCOPE_ROOTS, root) ? SCOPE_ROOTS[root] : undefined;
  return { sources: schema === undefined ? [] : own(schema), taken: 1 };
}

function payloads(events: readonly string[], { triggers }: Knowledge): Source[] {
  return triggers
    .filter(({ id }) => events.includes(id))
    .map(({ id, payloadSchema }) => ({ schema: payloadSchema, root: payloadSchema, event: id }));
}

/**
 * Returns the events that may be the source of `trigger.payload`. Inside a trigger or the filter of a wait, returns
 * only the event of that trigger or wait. Elsewhere, returns the events of all triggers.
 */
function listenedEvents({ entries, path }: Standing): string[] {
  const wait = path.lastIndexOf('wait_for_trigger');
  if (wait >= 0 && path.at(-1) === 'filter') {
    const event = valueAt(entries, [...path.slice(0, -1), 'event']);
    return event === undefined ? [] : [event];
  }
  const index = path[0] === 'triggers' ? path[1] : undefined;
  return entries.flatMap(({ path: each }) =>
    each.length === 3 && each[0] === 'triggers' && each[2] === 'event' && (index === undefined || each[1] === index)
      ? (valueAt(entries, each) ?? [])
      : [],
  );
}

/** Returns the events that the waits in the document wait for. */
function waitedEvents({ entries }: Standing): string[] {
  return entries.flatMap(({ path }) =>
    path.at(-1) === 'event' && path.includes('wait_for_trigger') ? (valueAt(entries, path) ?? []) : [],
  );
}

/** Returns the steps before an offset that produce an artifact and have an id. */
export function madeBefore({ knowledge, entries, at }: Pick<Standing, 'knowledge' | 'entries' | 'at'>) {
  return entries.flatMap((entry) => {
    if (entry.path.at(-1) !== 'action' || entry.at >= at) return [];
    const id = valueAt(entries, [...entry.path.slice(0, -1), 'id']);
    const action = valueAt(entries, entry.path);
    const produces = knowledge.actions.find((each) => each.id === action)?.produces;
    return id === undefined || produces == null ? [] : [{ id, action: action ?? '', produces }];
  });
}

/** Returns the variables that the document sets, with their names, values and paths. */
export function variablesOf(entries: readonly Entry[]): { name: string; value: string; path: Path }[] {
  return entries.flatMap(({ path, value }) => {
    const name = path.at(-1);
    return path.at(-2) === 'variables' && typeof name === 'string' ? [{ name, value, path }] : [];
  });
}
