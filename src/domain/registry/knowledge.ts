import { ACTION_ALIASES } from './action-aliases';
import type { PluginDescription } from './registry';

/** The changes that concern a name. `*` as a kind means every kind. */
export interface ConcernedChanges {
  kinds?: string[];
  events?: string[];
}

/**
 * The names that a worker's plugins provide, in the form in which the worker announces them. Names have the forms
 * `trigger:<id>`, `action:<id>`, `kind:<kind>`, `filter:<name>` and `plugin:<id>`. `reads` contains the changes that
 * concern a name. For `plugin:<id>`, these are the kinds of its derivers, payload mappers and `work-queue` listeners.
 */
export interface Knowledge {
  names: string[];
  reads: Record<string, ConcernedChanges>;
}

export const triggerName = (event: string): string => `trigger:${event}`;
/** Returns the event of a name that was created by `triggerName`; undefined for other names. */
export const eventOf = (name: string): string | undefined =>
  name.startsWith(triggerName('')) ? name.slice(triggerName('').length) : undefined;
export const filterName = (filter: string): string => `filter:${filter}`;
/** Returns the filter of a name that was created by `filterName`; undefined for other names. */
export const filterOf = (name: string): string | undefined =>
  name.startsWith(filterName('')) ? name.slice(filterName('').length) : undefined;
export const actionName = (action: string): string => `action:${action}`;

/** Returns the names that plugins provide. They are sorted, so that equal plugins have equal knowledge. */
export function knowledgeOf(plugins: readonly PluginDescription[]): Knowledge {
  const reads: Record<string, ConcernedChanges> = {};
  const names = plugins.flatMap((plugin) => {
    const kinds = (plugin.entityKinds ?? []).map(({ kind }) => kind);
    for (const kind of kinds) reads[`kind:${kind}`] = { kinds: [kind] };
    const triggers = (plugin.triggers ?? []).map(({ id, source }) => {
      const name = `${plugin.id}.${id}`;
      reads[triggerName(name)] = { events: source === undefined ? [name] : [name, source] };
      return triggerName(name);
    });
    const listened = listenedKinds(plugin);
    if (listened.length > 0) reads[`plugin:${plugin.id}`] = { kinds: listened };
    const actions = (plugin.actions ?? []).flatMap(({ id }) => actionNames(`${plugin.id}.${id}`));
    const filters = Object.keys(plugin.filters ?? {}).map(filterName);
    return [`plugin:${plugin.id}`, ...kinds.map((kind) => `kind:${kind}`), ...triggers, ...actions, ...filters];
  });
  const sorted = Object.entries(reads).sort(([one], [other]) => (one < other ? -1 : 1));
  return { names: names.sort(), reads: Object.fromEntries(sorted) };
}

function actionNames(action: string): string[] {
  const aliases = Object.keys(ACTION_ALIASES).filter((alias) => ACTION_ALIASES[alias] === action);
  return [action, ...aliases].map(actionName);
}

function listenedKinds({ derivers = [], payloadMappers = {}, listeners = [] }: PluginDescription): string[] {
  const queued = listeners.filter(({ mode }) => mode === 'work-queue');
  const kinds = [
    ...derivers.map(({ kind }) => kind),
    ...Object.keys(payloadMappers),
    ...queued.map(({ filter }) => filter.kind ?? '*'),
  ];
  return [...new Set(kinds)].sort();
}
