import { boundsOf, timeOf } from './conditions';
import type { Names } from './jinja-names';
import { NotImported } from './not-imported';
import {
  durationOf,
  entitiesOf,
  isMap,
  isTemplate,
  listOf,
  onlyKeys,
  switchOf,
  textsOf,
  type Fragment,
} from './values';

/** A Fermata trigger without an id, or an event that completes a wait. */
export interface Cause extends Fragment {
  event: string;
}

const COMMON = ['platform', 'trigger', 'id', 'alias', 'enabled'];

/**
 * Translates a Home Assistant trigger. Returns one trigger per entity, event or time.
 * @throws {NotImported} when Fermata has no counterpart for a part of it
 */
export function triggersOf(written: unknown, names: Names): Cause[] {
  if (!isMap(written)) throw new NotImported('it is not a trigger');
  const kind = written['trigger'] ?? written['platform'];
  const made = causesOf(String(kind), written, names);
  if (written['enabled'] === undefined) return made;
  const enabled = switchOf(written['enabled']);
  if (enabled === undefined) throw new NotImported('"enabled" of a trigger cannot be a template');
  return enabled ? made : made.map((one) => ({ ...one, enabled }));
}

function causesOf(kind: string, written: Fragment, names: Names): Cause[] {
  switch (kind) {
    case 'state':
      return stateTriggers(written, names);
    case 'numeric_state':
      return numericTriggers(written, names);
    case 'time':
      return timeTriggers(written);
    case 'time_pattern':
      return [{ event: 'automation.cron', config: { cronPattern: patternOf(written) } }];
    case 'event':
      return eventTriggers(written);
    case 'webhook':
      onlyKeys(written, [...COMMON, 'webhook_id', 'allowed_methods', 'local_only']);
      return textsOf(written['webhook_id'], 'webhook_id').map((hook) => ({
        event: 'automation.webhook',
        config: { hook },
      }));
    case 'sun':
      throw new NotImported(
        'triggers cannot depend on the position of the sun: use automation.cron, or post an event at sunrise and sunset',
      );
    case 'template':
      throw new NotImported('there is no template trigger: use automation.entity_changed of the entity, with a filter');
    default:
      throw new NotImported(`triggers of the kind "${kind}" have no counterpart`);
  }
}

const statesOf = (given: unknown): unknown => {
  const states = listOf(given).map((state) => (typeof state === 'boolean' ? (state ? 'on' : 'off') : state));
  if (states.some(isTemplate)) throw new NotImported('"from" and "to" cannot be templates');
  return states.length === 1 ? states[0] : states;
};

function stateTriggers(written: Fragment, names: Names): Cause[] {
  onlyKeys(written, [...COMMON, 'entity_id', 'attribute', 'from', 'to', 'not_from', 'not_to', 'for']);
  const { attribute, from, to, not_from: notFrom, not_to: notTo } = written;
  // Without any of these keys, Home Assistant fires at every change, including changes of attributes.
  const isAny = ['from', 'to', 'not_from', 'not_to', 'attribute'].every((key) => written[key] === undefined);
  const field = attribute === undefined ? 'state' : `attributes.${String(attribute)}`;
  const excluded = [
    ...(notFrom === undefined ? [] : [`!(trigger.payload.prev.${field} in ${JSON.stringify(listOf(notFrom))})`]),
    ...(notTo === undefined ? [] : [`!(trigger.payload.next.${field} in ${JSON.stringify(listOf(notTo))})`]),
  ];
  if (written['for'] !== undefined && (to === undefined || to === null || attribute !== undefined)) {
    throw new NotImported('"for" needs "to", and no attribute: which value must hold?');
  }
  return entitiesOf(written['entity_id']).map((id) => ({
    event: 'automation.entity_changed',
    config: {
      ...{ kind: names.kind, id },
      ...(isAny && !('to' in written) && !('from' in written) ? {} : { field }),
      ...(from === undefined || from === null ? {} : { from: statesOf(from) }),
      ...(to === undefined || to === null ? {} : { to: statesOf(to) }),
    },
    ...(excluded.length === 0 ? {} : { filter: excluded.join(' && ') }),
    ...(written['for'] === undefined ? {} : { for: durationOf(written['for'], names) }),
  }));
}

/**
 * Returns triggers that fire when an entity's number enters the range between `above` and `below`.
 * @throws {NotImported} when both limits are missing
 */
function numericTriggers(written: Fragment, names: Names): Cause[] {
  onlyKeys(written, [...COMMON, 'entity_id', 'above', 'below', 'attribute']);
  const { above, below } = boundsOf(written);
  const field = written['attribute'] === undefined ? 'state' : `attributes.${String(written['attribute'])}`;
  const within = (side: 'prev' | 'next') =>
    [
      ...(above === undefined ? [] : [`trigger.payload.${side}.${field} > ${above}`]),
      ...(below === undefined ? [] : [`trigger.payload.${side}.${field} < ${below}`]),
    ].join(' && ');
  if (above === undefined && below === undefined) throw new NotImported('"above" and "below" are missing');
  return entitiesOf(written['entity_id']).map((id) => ({
    event: 'automation.entity_changed',
    config: { kind: names.kind, id, field },
    filter: `${within('next')} && !(${within('prev')})`,
  }));
}

function timeTriggers(written: Fragment): Cause[] {
  onlyKeys(written, [...COMMON, 'at', 'weekday']);
  const days = written['weekday'] === undefined ? '*' : textsOf(written['weekday'], 'weekday').join(',').toUpperCase();
  return listOf(written['at']).map((at) => {
    const [hour, minute, second = '0'] = timeOf(at)
      .split(':')
      .map((part) => String(Number(part)));
    const seconds = second === '0' ? '' : `${second} `;
    return {
      event: 'automation.cron',
      config: { cronPattern: `${seconds}${minute ?? '0'} ${hour ?? '0'} * * ${days}` },
    };
  });
}

/**
 * Returns the cron pattern for a time pattern. Omitted units that are larger than all given units match any value.
 * Other omitted units are 0.
 * @throws {NotImported} when no unit is given or a unit is not a number, `*` or `/number`
 */
function patternOf(written: Fragment): string {
  onlyKeys(written, [...COMMON, 'hours', 'minutes', 'seconds']);
  const units = ['hours', 'minutes', 'seconds'].map((unit) => written[unit]);
  const first = units.findIndex((unit) => unit !== undefined);
  const [hours, minutes, seconds] = units.map((unit, index) => {
    if (unit === undefined) return index < first ? '*' : '0';
    const text = String(unit).trim();
    if (!/^(\*|\/\d+|\d+)$/.test(text)) throw new NotImported(`"${text}" is not a time pattern`);
    return text.startsWith('/') ? `*${text}` : text === '*' ? '*' : String(Number(text));
  });
  if (first < 0) throw new NotImported('none of hours, minutes and seconds is given');
  return seconds === '0' ? `${minutes} ${hours} * * *` : `${seconds} ${minutes} ${hours} * * *`;
}

function eventTriggers(written: Fragment): Cause[] {
  onlyKeys(written, [...COMMON, 'event_type', 'event_data']);
  const { event_data: data = {} } = written;
  if (!isMap(data) || Object.values(data).some((one) => isTemplate(one) || typeof one === 'object')) {
    throw new NotImported('"event_data" is only compared with fixed values');
  }
  const filter = Object.entries(data).map(
    ([key, value]) => `trigger.payload.data[${JSON.stringify(key)}] == ${JSON.stringify(value)}`,
  );
  return textsOf(written['event_type'], 'event_type').map((type) => ({
    event: 'automation.event',
    config: { type },
    ...(filter.length === 0 ? {} : { filter: filter.join(' && ') }),
  }));
}
