import type { StateCondition } from '../definition/condition';
import { durationMs } from '../definition/duration';
import { looseEquals } from '../expressions/compare';
import { ownValue } from '../expressions/plain-data';
import { fails, HOLDS, type Verdict } from './verdict';

/** An entity's field that equals one of some values: what a `state` condition asks, in its general form. */
export interface PredicateNeed {
  kind: string;
  id: string;
  field: string;
  values: readonly unknown[];
}

type State = StateCondition['state'];
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value]);

/** The health form is the general one about the field `status` of `health:<system>`. */
export function predicateOf(state: State): PredicateNeed {
  if ('entity' in state) return { kind: 'health', id: state.entity, field: 'status', values: listOf(state.status) };
  return { kind: state.kind, id: state.id, field: state.field, values: listOf(state.equals) };
}

/**
 * Whether the entity's field has one of the values, and with `for`, whether it has had one of them, a list counting as
 * one, for strictly at least that long. A known system without results has no state: it counts as healthy.
 */
export function stateHolds(
  state: State,
  now: Date,
  read: {
    state: (kind: string, id: string) => unknown;
    since: (need: PredicateNeed) => Date | null;
    render: (template: string) => unknown;
  },
): Verdict {
  const need = predicateOf(state);
  const value = ownValue(read.state(need.kind, need.id), need.field);
  const name = `${need.kind}:${need.id}`;
  if (!need.values.some((wanted) => looseEquals(value, wanted))) {
    return fails(`state: ${need.field} of ${name} is ${value === undefined ? 'not known' : JSON.stringify(value)}`);
  }
  if (state.for === undefined) return HOLDS;
  const wantedMs = durationMs(state.for, read.render);
  const since = read.since(need);
  if (since === null) return fails(`state: it is not known since when ${need.field} of ${name} is so`);
  const heldMs = now.getTime() - since.getTime();
  return heldMs >= wantedMs
    ? HOLDS
    : fails(`state: ${need.field} of ${name} is so for ${Math.floor(heldMs / 1000)} s, not yet ${wantedMs / 1000} s`);
}
