import { isRecord } from '../../lib/records';
import { membersOf, typeText, valueAt, type Knowledge, type Schema } from './schema-walk';
import type { Entry, Path } from './yaml-place';

/** One name that can be written. */
export interface Suggestion {
  label: string;
  /** Kind or type, shown beside the name. */
  detail?: string;
  info?: string;
  /** What is written, when it is not the name. */
  apply?: string;
}

const named = (names: Readonly<Record<string, string>>): Suggestion[] =>
  Object.entries(names).map(([label, info]) => ({ label, info }));

const ROOTS = named({
  trigger: 'The event: id, event, payload, actor, occurredAt',
  var: 'Variables of the document and of steps before this one',
  artifacts: 'What earlier actions made',
  health: 'Health of the system of this run, or of any system',
  state: 'Live state of entities: state.<kind>.<id>',
  alerts: 'Alerts that fire for the system of this run',
  wait: 'After a wait: completed, remainingSeconds, trigger, changed',
  repeat: 'Inside a repeat: index, first, last, item',
  now: 'The instant of this evaluation, ISO 8601',
  run: 'This run: id, startedAt, and error in on_failure',
  automation: 'This automation: id, name, group',
});

const FIXED: Readonly<Record<string, readonly Suggestion[]>> = {
  trigger: named({
    ...{ id: 'Id of the trigger', event: 'Its event', payload: 'What the event carries' },
    ...{ actor: 'Who caused it', occurredAt: 'When it happened', changeId: 'Id of the change' },
    ...{ prev: 'State before', next: 'State after', changedFields: 'Fields that changed' },
  }),
  'trigger.actor': named({ type: 'user, token, automation…', id: 'Its id', name: 'Its name' }),
  repeat: named({ index: 'From 0', first: 'In the first pass', last: 'In the last pass', item: 'Of for_each' }),
  wait: named({
    ...{ completed: 'false = timed out', remainingSeconds: 'Left of the timeout' },
    ...{ trigger: 'The event that ended it', changed: 'The entity that ended it' },
  }),
  run: named({ id: 'Id of the run', startedAt: 'When it began', error: 'In on_failure: code, message, path' }),
  'run.error': named({ code: '', message: '', path: '', actionId: '', status: '' }),
  automation: named({ id: '', name: '', group: '' }),
  alerts: named({ firing: 'count and items, at most 100' }),
  'alerts.firing': named({ count: 'How many fire', items: 'The alerts' }),
  health: named({ system: 'Of the system of this run', systems: 'By id: health.systems["id"]' }),
};

const HEALTH = named({
  ...{ status: 'healthy, degraded, unhealthy', in_status_since: 'ISO instant', in_status_for_ms: 'ms' },
  ...{ latency_ms: 'ms', avg_latency_ms: 'ms', p95_latency_ms: 'ms', success_rate: '0 to 1' },
  ...{ last_run_at: 'ISO instant', in_maintenance: 'true or false', notifications_suppressed: 'true or false' },
  ...{ transitions_in_window: 'count', transition_window_minutes: 'minutes', evaluated_at: 'ISO instant' },
});

/** Returns what can follow a chain of names, e.g. `["trigger", "payload"]`; for an empty chain the roots. */
export function membersAt(
  chain: readonly string[],
  knowledge: Knowledge,
  entries: readonly Entry[],
  path: Path,
  at: number,
): Suggestion[] {
  const [root, second, third] = chain;
  if (root === undefined) return ROOTS;
  const fixed = FIXED[chain.join('.')];
  if (fixed !== undefined) return [...fixed];
  switch (root) {
    case 'trigger':
      return second === 'payload' ? payloadMembers(triggerEvents(entries), chain.slice(2), knowledge) : [];
    case 'var':
    case 'vars':
    case 'variables':
      return second === undefined ? variables(entries) : [];
    case 'artifacts':
      return artifacts(chain.slice(1), knowledge, entries, at);
    case 'health':
      return second === 'system' ? (third === undefined ? HEALTH : []) : chain.length === 3 ? HEALTH : [];
    case 'state':
      return stateMembers(chain.slice(1), knowledge);
    case 'wait':
      return waitMembers(chain.slice(1), knowledge, entries, path);
    default:
      return [];
  }
}

function triggerEvents(entries: readonly Entry[]): string[] {
  return entries.flatMap(({ path, value }) =>
    path.length === 3 && path[0] === 'triggers' && path[2] === 'event' ? [value] : [],
  );
}

function waitMembers(
  rest: readonly string[],
  knowledge: Knowledge,
  entries: readonly Entry[],
  path: Path,
): Suggestion[] {
  if (rest[0] === 'changed') return named({ kind: 'Kind of the entity', id: 'Its id' });
  if (rest[0] !== 'trigger') return [];
  if (rest.length === 1) return [...(FIXED['trigger'] ?? [])];
  const events = entries.flatMap(({ path: each, value }) =>
    each.at(-1) === 'event' && each.at(-2) === 'wait_for_trigger' ? [value] : [],
  );
  return path.length > 0 && rest[1] === 'payload' ? payloadMembers(events, rest.slice(2), knowledge) : [];
}

function payloadMembers(events: readonly string[], rest: readonly string[], knowledge: Knowledge): Suggestion[] {
  const schemas = knowledge.triggers.filter(({ id }) => events.includes(id)).map(({ payloadSchema }) => payloadSchema);
  return mergedMembers(schemas, rest);
}

function mergedMembers(schemas: readonly Schema[], rest: readonly string[]): Suggestion[] {
  const all = new Map<string, Suggestion>();
  for (const root of schemas) {
    let members = membersOf(root, root);
    for (const name of rest) {
      const next = members.get(name);
      members = next === undefined ? new Map<string, Schema>() : membersOf(next, root);
    }
    for (const [label, schema] of members) if (!all.has(label)) all.set(label, memberOf(label, schema));
  }
  return [...all.values()];
}

function memberOf(label: string, schema: Schema): Suggestion {
  const info = schema['description'];
  return { label, detail: typeText(schema), ...(typeof info === 'string' ? { info } : {}) };
}

function variables(entries: readonly Entry[]): Suggestion[] {
  const names = entries.flatMap(({ path, value }) => {
    const name = path.at(-1);
    return path.at(-2) === 'variables' && typeof name === 'string' ? [{ label: name, detail: value }] : [];
  });
  return [...new Map(names.map((each) => [each.label, each])).values()];
}

/** Returns what actions before this place leave, by their ids. */
function artifacts(rest: readonly string[], knowledge: Knowledge, entries: readonly Entry[], at: number): Suggestion[] {
  const made = entries.flatMap((entry) => {
    if (entry.path.at(-1) !== 'action' || entry.at >= at) return [];
    const id = valueAt(entries, [...entry.path.slice(0, -1), 'id']);
    const produces = knowledge.actions.find((action) => action.id === entry.value)?.produces;
    return id === undefined || produces == null ? [] : [{ id, produces }];
  });
  const [id, name, ...fields] = rest;
  if (id === undefined) return made.map((each) => ({ label: each.id, detail: each.produces.type }));
  const found = made.find((each) => each.id === id);
  if (found === undefined) return [];
  if (name === undefined) return [{ label: found.produces.name, detail: found.produces.type }];
  return mergedMembers([found.produces.schema], fields);
}

function stateMembers(rest: readonly string[], knowledge: Knowledge): Suggestion[] {
  const [kind, id, ...fields] = rest;
  if (kind === undefined)
    return knowledge.kinds.map(({ kind: label, description }) => ({
      label,
      ...(description === null ? {} : { info: description }),
      ...(/^[A-Za-z_]\w*$/.test(label) ? {} : { apply: label }),
    }));
  if (id === undefined) return [];
  const schema = knowledge.kinds.find((each) => each.kind === kind)?.schema;
  return isRecord(schema) ? mergedMembers([schema], fields) : [];
}
