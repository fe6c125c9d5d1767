import { parseInstant } from '../instant';
import { numericValue } from '../numeric';
import type { FilterContext, FilterDefinition, FilterFunction } from './filter';
import { formatDate } from './format-date';

const MINUTE = 60_000;

function times(unitMs: number): FilterFunction {
  return (input) => {
    const ms = (numericValue(input) ?? NaN) * unitMs;
    return Number.isFinite(ms) ? ms : input;
  };
}

/**
 * Returns the milliseconds between a time and the time of this evaluation, or undefined when either time is unknown.
 * The result may be negative.
 */
function ageOf(input: unknown, { now }: FilterContext): number | undefined {
  const since = parseInstant(input);
  return since === undefined || now === undefined ? undefined : now.getTime() - since;
}

export const timeFilters = {
  iso: {
    description: 'An instant (ISO string or milliseconds since 1970) as an ISO string in UTC',
    apply: (input) => {
      const instant = parseInstant(input);
      return instant === undefined ? input : new Date(instant).toISOString();
    },
  },
  date: {
    description:
      'date(format = "ISO", timezone = "UTC"): an instant as a string; "ISO", "date", "time", "unix", "rfc2822" or a pattern such as "yyyy-MM-dd HH:mm"',
    apply: (input, args) => {
      const instant = parseInstant(input);
      return instant === undefined ? input : formatDate(instant, args[0], args[1]);
    },
  },
  minutes: { description: 'A number of minutes in milliseconds', apply: times(MINUTE) },
  hours: { description: 'A number of hours in milliseconds', apply: times(60 * MINUTE) },
  days: { description: 'A number of days in milliseconds', apply: times(24 * 60 * MINUTE) },
  duration_since: {
    description: 'Milliseconds since an instant; 0 when it is in the future or cannot be read',
    apply: (input, _args, context) => Math.max(0, ageOf(input, context) ?? 0),
  },
  older_than: {
    description: 'older_than(ms): whether an instant is at least that long ago; false when it cannot be read',
    apply: (input, args, context) => {
      const age = ageOf(input, context);
      const threshold = numericValue(args[0]);
      return age !== undefined && threshold !== undefined && age >= threshold;
    },
  },
} satisfies Record<string, FilterDefinition>;
