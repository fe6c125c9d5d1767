import { ACTION_KINDS } from '../../../src/domain/definition/action-kind';
import { isRecord } from './records';

/** A step of a definition, with the sequences nested in it. */
export interface FlowStep {
  path: string;
  kind: string;
  title: string;
  detail: string;
  branches: { name: string; steps: FlowStep[] }[];
}

export interface FlowTrigger {
  path: string;
  id: string;
  event: string;
  /** Short descriptions of the trigger's gates, such as `filter payload.x > 1`. */
  gates: string[];
}

export interface FlowModel {
  triggers: FlowTrigger[];
  conditions: { path: string; text: string }[];
  steps: FlowStep[];
  onFailure: FlowStep[];
}

/**
 * Returns the triggers, conditions and steps of a definition. The definition may be incomplete, because its text is
 * still being edited: parts that cannot be read are left out or shown as `…`.
 */
export function flowOf(definition: unknown): FlowModel {
  const root = isRecord(definition) ? definition : {};
  return {
    triggers: listOf(root['triggers']).map(triggerOf),
    conditions: listOf(root['conditions']).map((each, index) => ({
      path: `conditions[${index}]`,
      text: conditionText(each),
    })),
    steps: stepsOf(root['actions'], 'actions'),
    onFailure: stepsOf(root['on_failure'], 'on_failure'),
  };
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : value == null ? [] : [value]);

function triggerOf(value: unknown, index: number): FlowTrigger {
  const trigger = isRecord(value) ? value : {};
  const event = typeof trigger['event'] === 'string' ? trigger['event'] : '…';
  const gates: string[] = [];
  if (trigger['enabled'] === false) gates.push('disabled');
  if (isRecord(trigger['config']) && Object.keys(trigger['config']).length > 0)
    gates.push(`config ${shortJson(trigger['config'])}`);
  if (trigger['filter'] !== undefined) gates.push(`filter ${String(trigger['filter'])}`);
  if (isRecord(trigger['window']))
    gates.push(`${String(trigger['window']['count'])} within ${String(trigger['window']['minutes'])} min`);
  if (trigger['for'] !== undefined) gates.push(`for ${durationOf(trigger['for'])}`);
  return { path: `triggers[${index}]`, id: typeof trigger['id'] === 'string' ? trigger['id'] : event, event, gates };
}

function stepsOf(value: unknown, path: string): FlowStep[] {
  return Array.isArray(value) ? value.map((each, index) => stepOf(each, `${path}[${index}]`)) : [];
}

function stepOf(value: unknown, path: string): FlowStep {
  const step = isRecord(value) ? value : {};
  const kind = ACTION_KINDS.find((each) => step[each] !== undefined) ?? 'step';
  const given = step[kind];
  const id = typeof step['id'] === 'string' ? step['id'] : undefined;
  const action = kind === 'action' ? String(given) : kind.replaceAll('_', ' ');
  return {
    ...{ path, kind, title: id ?? action },
    detail: [id === undefined ? '' : action, detailOf(kind, given, step)].filter((part) => part !== '').join(' · '),
    branches: branchesOf(kind, given, step, path),
  };
}

function detailOf(kind: string, given: unknown, step: Record<string, unknown>): string {
  if (typeof step['description'] === 'string') return step['description'];
  switch (kind) {
    case 'delay':
      return durationOf(given);
    case 'condition':
      return conditionText(given);
    case 'wait_until':
      return isRecord(given) ? conditionText(given['condition']) : '';
    case 'wait_for_trigger':
      return isRecord(given) ? String(given['event'] ?? '') : '';
    case 'stop':
      return isRecord(given) ? String(given['reason'] ?? '') : '';
    case 'repeat':
      return isRecord(given) ? repeatText(given) : '';
    case 'variables':
      return isRecord(given) ? Object.keys(given).join(', ') : '';
    case 'action': {
      const config = isRecord(step['config']) ? step['config'] : {};
      const named = ['title', 'message', 'url', 'summary', 'event'].map((key) => config[key]);
      return named.find((each): each is string => typeof each === 'string') ?? '';
    }
    default:
      return '';
  }
}

function repeatText(given: Record<string, unknown>): string {
  for (const name of ['count', 'for_each', 'while', 'until'])
    if (given[name] !== undefined) return `${name.replace('_', ' ')} ${conditionText(given[name])}${atATime(given)}`;
  return '';
}

const atATime = ({ parallel }: Record<string, unknown>): string =>
  typeof parallel === 'number' ? `, ${parallel} at a time` : '';

function branchesOf(kind: string, given: unknown, step: Record<string, unknown>, path: string): FlowStep['branches'] {
  switch (kind) {
    case 'choose': {
      const cases = listOf(given).map((each, index) => ({
        name: isRecord(each) ? `when ${conditionText(each['when'])}` : 'when …',
        steps: isRecord(each) ? stepsOf(each['sequence'], `${path}.choose[${index}].sequence`) : [],
      }));
      const other = stepsOf(step['else'], `${path}.else`);
      return other.length === 0 ? cases : [...cases, { name: 'else', steps: other }];
    }
    case 'parallel':
      return stepsOf(given, `${path}.parallel`).map((each) => ({ name: '', steps: [each] }));
    case 'sequence':
      return [{ name: '', steps: stepsOf(given, `${path}.sequence`) }];
    case 'repeat':
      return isRecord(given) ? [{ name: '', steps: stepsOf(given['sequence'], `${path}.repeat.sequence`) }] : [];
    default:
      return [];
  }
}

/** Returns a condition on one line, in a notation close to that of the definition. */
function conditionText(condition: unknown): string {
  if (typeof condition === 'string' || typeof condition === 'number' || typeof condition === 'boolean')
    return String(condition);
  if (Array.isArray(condition)) return condition.map(conditionText).join(' and ');
  if (!isRecord(condition)) return '…';
  for (const joint of ['and', 'or'] as const)
    if (Array.isArray(condition[joint])) return condition[joint].map(conditionText).join(` ${joint} `);
  if (condition['not'] !== undefined) return `not (${conditionText(condition['not'])})`;
  return shortJson(condition);
}

function durationOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (!isRecord(value)) return '…';
  if (typeof value['template'] === 'string') return value['template'];
  return Object.entries(value)
    .map(([unit, count]) => `${String(count)} ${Number(count) === 1 ? unit.replace(/s$/, '') : unit}`)
    .join(' ');
}

/** Returns a value as one line of JSON without quotes around strings, truncated to 200 characters. */
const shortJson = (value: unknown): string => lineOf(value).slice(0, 200);

function lineOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(lineOf).join(', ')}]`;
  if (!isRecord(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, inner]) => `${name}: ${lineOf(inner)}`)
    .join(', ')}}`;
}
