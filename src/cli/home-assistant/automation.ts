import { deriveTriggerId } from '../../domain/definition/trigger-ids';
import { stepsOf, type StepContext } from './actions';
import { conditionOf, type ConditionContext } from './conditions';
import { List, NotImported, type Note } from './not-imported';
import { triggersOf, type Cause } from './triggers';
import { dataOf, isMap, listOf, switchOf, type Fragment } from './values';

/** A translated automation. */
export interface Imported {
  name: string;
  /** Id in Home Assistant. */
  id: string | undefined;
  /** The Fermata document. Its keys are in output order, and its lists of translated parts are `List`s. */
  document: Fragment;
  /** Notes about the automation as a whole. */
  notes: Note[];
}

/** Keys that are translated, or that have no effect on runs. All other keys become notes. */
const READ = [
  ...['id', 'alias', 'description', 'initial_state', 'mode', 'max', 'max_exceeded', 'variables', 'trigger_variables'],
  ...['trigger', 'triggers', 'condition', 'conditions', 'action', 'actions', 'trace'],
];
const MODES = ['single', 'restart', 'queued', 'parallel'];
const LEVELS: Readonly<Record<string, string>> = {
  ...{ silent: 'silent', debug: 'info', info: 'info', notset: 'info', warning: 'warning' },
  ...{ error: 'error', critical: 'error', fatal: 'error' },
};

/**
 * Translates a Home Assistant automation. Parts without a counterpart become notes, and the automation is then
 * disabled.
 */
export function importAutomation(
  written: Fragment,
  { kind, hasAction }: Pick<StepContext, 'kind' | 'hasAction'>,
): Imported {
  const { alias, id } = written;
  const name =
    typeof alias === 'string' && alias !== '' ? alias.slice(0, 200) : `automation ${textOf(id) ?? ''}`.trim();
  const notes = Object.keys(written)
    .filter((key) => !READ.includes(key))
    .map((key): Note => ({ reason: `"${key}" has no counterpart`, fragment: { [key]: written[key] } }));
  const names = { kind, variables: new Set(declaredIn(written)) };
  const variables = variablesOf(
    { ...mapOf(written['trigger_variables']), ...mapOf(written['variables']) },
    names,
    notes,
  );
  const triggerIds = new Map<string, string[]>();
  const triggers = triggersIn(listOf(written['triggers'] ?? written['trigger']), names, triggerIds);
  const context: StepContext = { ...names, triggerIds, hasAction };
  const conditions = conditionsOf(listOf(written['conditions'] ?? written['condition']), context);
  const actions = stepsOf(written['actions'] ?? written['action'], context);
  const isWhole = notes.length === 0 && [triggers, conditions, actions].every((list) => notesIn(list).length === 0);
  const isOff = switchOf(written['initial_state']) === false;
  const document = {
    name,
    ...(typeof written['description'] === 'string' &&
      written['description'] !== '' && { description: written['description'] }),
    ...((!isWhole || isOff) && { status: 'disabled' }),
    ...(Object.keys(variables).length > 0 && { variables }),
    triggers,
    ...(conditions.items.length > 0 && { conditions }),
    ...modeOf(written),
    actions,
  };
  return { name, id: textOf(id), document, notes };
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
const mapOf = (value: unknown): Fragment => (isMap(value) ? value : {});

/** Returns the names of all variables that the automation sets. */
function declaredIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(declaredIn);
  if (!isMap(value)) return [];
  const own = [value['variables'], value['trigger_variables']].flatMap((map) => Object.keys(mapOf(map)));
  return [...own, ...Object.values(value).flatMap(declaredIn)];
}

function variablesOf(written: Fragment, names: Pick<ConditionContext, 'kind' | 'variables'>, notes: Note[]): Fragment {
  const variables: Fragment = {};
  for (const [name, value] of Object.entries(written)) {
    try {
      variables[name] = dataOf(value, names);
    } catch (error) {
      if (!(error instanceof NotImported)) throw error;
      notes.push({ reason: `variable "${name}": ${error.message}`, fragment: { variables: { [name]: value } } });
    }
  }
  return variables;
}

/**
 * Translates a list of triggers. Adds the ids of the resulting triggers to `ids`, by the trigger's id in Home Assistant
 * or, if it has none, by its index.
 */
function triggersIn(
  written: unknown[],
  names: Pick<ConditionContext, 'kind' | 'variables'>,
  ids: Map<string, string[]>,
): List {
  const list = new List();
  const taken = new Set<string>();
  written.forEach((one, index) => {
    list.attempt(one, () => {
      const made = triggersOf(one, names).map((cause) => withId(cause, one, taken));
      const theirs = isMap(one) && textOf(one['id']) !== undefined ? String(one['id']) : String(index);
      ids.set(theirs, [...(ids.get(theirs) ?? []), ...made.map(({ id }) => id)]);
      for (const trigger of made) list.add(trigger);
      return undefined;
    });
  });
  list.items.splice(
    0,
    list.items.length,
    ...list.items.filter(({ value, notes }) => value !== undefined || notes.length > 0),
  );
  // A document must have at least one trigger.
  if (list.isEmpty) {
    list.add({
      id: 'none',
      event: 'automation.event',
      enabled: false,
      config: { type: 'home-assistant.not-imported' },
    });
  }
  return list;
}

function withId(cause: Cause, written: unknown, taken: Set<string>): Cause & { id: string } {
  const config = mapOf(cause['config']);
  const given = isMap(written) ? textOf(written['id']) : undefined;
  const words = given ?? textOf(config['id']) ?? textOf(config['type']) ?? deriveTriggerId(cause.event);
  const clean = words.replaceAll(/[^A-Za-z0-9_-]+/g, '_').slice(0, 60);
  const base = /^[A-Za-z]/.test(clean) ? clean : `trigger_${clean}`.slice(0, 60);
  let id = base;
  for (let count = 2; taken.has(id); count += 1) id = `${base}_${count}`;
  taken.add(id);
  return { id, ...cause };
}

/** Translates conditions. A condition without a counterpart becomes false. */
function conditionsOf(written: unknown[], context: ConditionContext): List {
  const list = new List();
  for (const one of written) {
    try {
      const condition = conditionOf(one, context);
      if (condition !== null) list.add(condition);
    } catch (error) {
      if (!(error instanceof NotImported)) throw error;
      list.add(false, [{ reason: `${error.message}. The condition is false until you write it`, fragment: one }]);
    }
  }
  return list;
}

function modeOf({ mode, max, max_exceeded: exceeded }: Fragment): Fragment {
  const level = exceeded === undefined ? undefined : LEVELS[String(exceeded).toLowerCase()];
  const most = Number(max);
  return {
    ...(MODES.includes(String(mode)) && mode !== 'single' && { mode }),
    ...(Number.isInteger(most) && most >= 1 && { max_runs: Math.min(most, 1_000) }),
    ...(level !== undefined && { max_exceeded: level }),
  };
}

/** Returns all notes within a value, at any depth. */
export function notesIn(value: unknown): Note[] {
  if (value instanceof List) return value.items.flatMap((item) => [...item.notes, ...notesIn(item.value)]);
  if (Array.isArray(value)) return value.flatMap(notesIn);
  return isMap(value) ? Object.values(value).flatMap(notesIn) : [];
}
