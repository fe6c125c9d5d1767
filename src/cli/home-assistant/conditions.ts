import { expressionOfTemplate } from './jinja';
import { fieldExpression, type Names } from './jinja-names';
import { NotImported } from './not-imported';
import { durationOf, entitiesOf, isMap, listOf, onlyKeys, switchOf, textsOf, type Fragment } from './values';

/** Data about the automation that the translation of conditions needs. */
export interface ConditionContext extends Names {
  /** Ids of the translated triggers, by the trigger's id in Home Assistant or, if it has none, by its index. */
  triggerIds: ReadonlyMap<string, readonly string[]>;
}

const JOINTS = ['and', 'or', 'not'] as const;
const COMMON = ['alias', 'enabled', 'condition'];

/**
 * Translates a condition. Returns null if the condition is disabled and must be ignored.
 * @throws {NotImported} when Fermata has no counterpart for a part of it
 */
export function conditionOf(written: unknown, context: ConditionContext): unknown {
  if (typeof written === 'string') return expressionOfTemplate(written, context);
  if (typeof written === 'boolean') return written;
  if (Array.isArray(written)) return joined('and', written, context);
  if (!isMap(written)) throw new NotImported('it is not a condition');
  const enabled = written['enabled'] === undefined ? true : switchOf(written['enabled']);
  if (enabled === undefined) throw new NotImported('"enabled" of a condition cannot be a template');
  if (!enabled) return null;
  const short = JOINTS.find((joint) => joint in written);
  const kind = written['condition'] ?? short;
  if (short !== undefined) return joined(short, listOf(written[short]), context);
  switch (kind) {
    case 'and':
      return joined('and', listOf(written['conditions']), context);
    case 'or':
      return joined('or', listOf(written['conditions']), context);
    case 'not':
      return joined('not', listOf(written['conditions']), context);
    case 'template':
      onlyKeys(written, [...COMMON, 'value_template']);
      return expressionOfTemplate(String(written['value_template']), context);
    case 'state':
      return stateCondition(written, context);
    case 'numeric_state':
      return numericCondition(written, context);
    case 'time':
      return timeCondition(written);
    case 'trigger': {
      onlyKeys(written, [...COMMON, 'id']);
      const ids = textsOf(written['id'], 'id').flatMap((id) => context.triggerIds.get(id) ?? []);
      if (ids.length === 0) throw new NotImported('none of these triggers was imported');
      return { trigger: ids.length === 1 ? ids[0] : ids };
    }
    default:
      throw new NotImported(`conditions of the kind "${String(kind)}" have no counterpart`);
  }
}

/**
 * Translates conditions that are joined by `and`, `or` or `not`. In Home Assistant, `not` is true when none of its
 * conditions is true.
 */
function joined(joint: (typeof JOINTS)[number], list: unknown[], context: ConditionContext): unknown {
  const parts = list.map((one) => conditionOf(one, context)).filter((one) => one !== null);
  const [only] = parts;
  if (joint === 'not') return { not: parts.length === 1 ? only : { or: parts } };
  return parts.length === 1 ? only : { [joint]: parts };
}

function stateCondition(written: Fragment, context: ConditionContext): unknown {
  onlyKeys(written, [...COMMON, 'entity_id', 'state', 'attribute', 'for', 'match']);
  const { attribute, match = 'all' } = written;
  const held = written['for'] === undefined ? {} : { for: durationOf(written['for'], context) };
  if (attribute !== undefined && written['for'] !== undefined) {
    throw new NotImported('attributes have no history, so "for" cannot be checked');
  }
  const wanted = listOf(written['state']).map((state) => (typeof state === 'boolean' ? (state ? 'on' : 'off') : state));
  if (wanted.length === 0) throw new NotImported('"state" is missing');
  if (wanted.some((state) => typeof state === 'string' && /^input_\w+\.\w+$/.test(state))) {
    throw new NotImported('"state" cannot be read from another entity: write an expression');
  }
  const field = attribute === undefined ? 'state' : `attributes.${String(attribute)}`;
  const parts = entitiesOf(written['entity_id']).map((id) => {
    if (attribute !== undefined) {
      const value = fieldExpression(context, id, String(attribute));
      return wanted.length === 1 ? `${value} == ${JSON.stringify(wanted[0])}` : `${value} in ${JSON.stringify(wanted)}`;
    }
    const equals = wanted.length === 1 ? wanted[0] : wanted;
    return { state: { kind: context.kind, id, field, equals, ...held } };
  });
  return parts.length === 1 ? parts[0] : { [match === 'any' ? 'or' : 'and']: parts };
}

function numericCondition(written: Fragment, context: ConditionContext): unknown {
  onlyKeys(written, [...COMMON, 'entity_id', 'above', 'below', 'attribute']);
  const bounds = boundsOf(written);
  const attribute = written['attribute'] === undefined ? undefined : String(written['attribute']);
  const parts = entitiesOf(written['entity_id']).map((id) => ({
    numeric_state: { value: fieldExpression(context, id, attribute), ...bounds },
  }));
  return parts.length === 1 ? parts[0] : { and: parts };
}

/**
 * Returns the bounds of a numeric condition.
 * @throws {NotImported} unless they are numbers
 */
export function boundsOf({ above, below }: Fragment): { above?: number; below?: number } {
  const number = (name: string, given: unknown) => {
    if (given === undefined) return {};
    const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
    if (typeof value !== 'number' || Number.isNaN(value)) throw new NotImported(`"${name}" is not a number`);
    return { [name]: value };
  };
  return { ...number('above', above), ...number('below', below) };
}

/**
 * Returns a literal time of day.
 * @throws {NotImported} for an entity or template
 */
export function timeOf(given: unknown): string {
  const [, hour, minute, second] = /^(\d{1,2}):([0-5]\d)(?::([0-5]\d))?$/.exec(String(given)) ?? [];
  if (hour === undefined || minute === undefined || Number(hour) > 23) {
    throw new NotImported(`"${String(given)}" is not a time of day`);
  }
  return [hour.padStart(2, '0'), minute, ...(second === undefined ? [] : [second])].join(':');
}

function timeCondition(written: Fragment): unknown {
  onlyKeys(written, [...COMMON, 'after', 'before', 'weekday']);
  const { after, before, weekday } = written;
  return {
    time: {
      ...(after === undefined ? {} : { after: timeOf(after) }),
      ...(before === undefined ? {} : { before: timeOf(before) }),
      ...(weekday === undefined ? {} : { weekday: textsOf(weekday, 'weekday') }),
    },
  };
}
