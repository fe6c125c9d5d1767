/** A calendar day. `month` and `weekday` are zero-based: 0 is January and Sunday. */
export interface CalendarDay {
  year: number;
  month: number;
  date: number;
  weekday: number;
}

/** Returns whether a day matches. */
export type DayRule = (day: CalendarDay) => boolean;

/** A part of a cron field that is not just a number: its rule, and the days on which the rule can match. */
export interface DayTerm {
  candidates: readonly number[];
  rule: DayRule;
}

const lastDateOf = (year: number, month: number): number => new Date(Date.UTC(year, month + 1, 0)).getUTCDate();

const weekdayOf = (year: number, month: number, date: number): number =>
  new Date(Date.UTC(year, month, date)).getUTCDay();

/** Returns the working day (Monday to Friday) in the same month that is nearest to a date. */
function nearestWorkingDay(year: number, month: number, date: number): number {
  const weekday = weekdayOf(year, month, date);
  if (weekday === 6) return date === 1 ? 3 : date - 1;
  if (weekday === 0) return date === lastDateOf(year, month) ? date - 2 : date + 1;
  return date;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

/** Parses a term of the day-of-month field: `L`, `L-3`, `LW` or `15W`. Returns undefined for any other text. */
export function dayRuleOf(part: string): DayTerm | undefined {
  const text = part.toUpperCase();
  if (text === 'LW') {
    return {
      candidates: range(26, 31),
      rule: ({ year, month, date }) => date === nearestWorkingDay(year, month, lastDateOf(year, month)),
    };
  }
  const before = /^L(?:-([1-9]|[12]\d|30))?$/.exec(text);
  if (before) {
    const days = Number(before[1] ?? 0);
    return {
      candidates: range(Math.max(1, 28 - days), 31 - days),
      rule: ({ year, month, date }) => date === lastDateOf(year, month) - days,
    };
  }
  const near = Number(/^([1-9]|[12]\d|3[01])W$/.exec(text)?.[1] ?? NaN);
  if (Number.isNaN(near)) return undefined;
  return {
    candidates: range(Math.max(1, near - 2), Math.min(31, near + 2)),
    rule: ({ year, month, date }) => near <= lastDateOf(year, month) && date === nearestWorkingDay(year, month, near),
  };
}

/**
 * Parses a term of the day-of-week field: `1#2` (the second Monday) or `5L` (the last Friday). Returns undefined for
 * any other text.
 */
export function weekdayRuleOf(part: string, dayOf: (text: string) => number | undefined): DayTerm | undefined {
  const [, name = '', nth, last] = /^([a-z]{3}|\d)(?:#([1-5])|(L))$/i.exec(part) ?? [];
  const day = dayOf(name);
  if (day === undefined || (nth === undefined && last === undefined)) return undefined;
  const weekday = day % 7;
  return {
    candidates: [weekday],
    rule: (here) =>
      here.weekday === weekday &&
      (nth === undefined
        ? here.date > lastDateOf(here.year, here.month) - 7
        : Math.ceil(here.date / 7) === Number(nth)),
  };
}
