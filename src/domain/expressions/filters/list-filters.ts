import { MAX_RESULT, textCost } from '../budget';
import { compareValues, includes, looseEquals } from '../compare';
import { numericValue } from '../numeric';
import { isPlainObject, itemsOf, ownValue } from '../plain-data';
import { toCanonicalJson, toText } from '../text';
import { truthy } from '../truthy';
import type { FilterContext, FilterDefinition, FilterFunction } from './filter';

function onList(
  change: (items: unknown[], args: readonly unknown[], context: FilterContext) => unknown,
): FilterFunction {
  return (input, args, context) => (Array.isArray(input) ? change(itemsOf(input, context), args, context) : input);
}

function lengthOf(input: unknown, _args: readonly unknown[], context: FilterContext): number {
  if (typeof input === 'string' || Array.isArray(input)) return input.length;
  if (!isPlainObject(input)) return 0;
  const { length } = Object.keys(input);
  context.spend(length);
  return length;
}

function join(items: unknown[], args: readonly unknown[], context: FilterContext): string {
  const separator = args[0] === undefined || args[0] === null ? ', ' : toText(args[0], context);
  let length = 0;
  const texts = items.map((item) => {
    const text = toText(item, context);
    length += text.length + separator.length;
    context.spend(textCost(text.length + separator.length));
    if (length - separator.length > MAX_RESULT) context.fail('The text is longer than 1 MB');
    return text;
  });
  return texts.join(separator);
}

function sort(items: unknown[], context: FilterContext): unknown[] {
  const keyed = items.map((item) => {
    const number = numericValue(item);
    const text = number === undefined ? toText(item, context) : '';
    const rank = item === null || item === undefined ? 2 : Number(number === undefined);
    return { item, rank, number: number ?? 0, text };
  });
  const comparisons = Math.ceil(keyed.length * Math.log2(keyed.length + 1));
  const longest = keyed.reduce((length, { text }) => Math.max(length, text.length), 0);
  context.spend(comparisons * (longest < 64 ? 1 : textCost(longest)));
  keyed.sort((a, b) => {
    if (a.rank !== b.rank) return a.rank - b.rank;
    if (a.rank === 0) return a.number - b.number;
    return a.text === b.text ? 0 : a.text < b.text ? -1 : 1;
  });
  return keyed.map(({ item }) => item);
}

function unique(items: unknown[], context: FilterContext): unknown[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const key = toCanonicalJson(item, context);
    return !seen.has(key) && seen.add(key);
  });
}

/**
 * Returns the filter for the smallest (`sign` 1) or the largest (-1) item of a list, or of the input and the arguments.
 */
function extreme(sign: 1 | -1): FilterFunction {
  return (input, args, context) => {
    if (!Array.isArray(input) && args.length === 0) return input;
    const items = Array.isArray(input) ? itemsOf(input, context) : [input, ...args];
    return items.reduce((best, item) => {
      if (item === null || item === undefined) return best;
      if (best === undefined) return item;
      return (compareValues(item, best, context) ?? 0) * sign < 0 ? item : best;
    }, undefined);
  };
}

/** Returns the filter for the first or last item of a list, or the first or last character of text. */
function pick(place: 0 | -1): FilterFunction {
  return (input) => {
    if (Array.isArray(input)) return ownValue(input, place === 0 ? 0 : input.length - 1);
    if (typeof input !== 'string') return input;
    return place === 0 ? Array.from(input.slice(0, 2))[0] : Array.from(input.slice(-2)).at(-1);
  };
}

function fieldOf(item: unknown, field: unknown): unknown {
  return typeof field === 'string' || typeof field === 'number' ? ownValue(item, field) : undefined;
}

export const listFilters = {
  length: { description: 'Number of characters, items or keys; 0 for anything else', apply: lengthOf },
  join: { description: 'join(separator = ", "): the items of a list as one string', apply: onList(join) },
  first: { description: 'First item of a list or character of a string', apply: pick(0) },
  last: { description: 'Last item of a list or character of a string', apply: pick(-1) },
  min: { description: 'Smallest item of a list; min(other, …): the smallest of several values', apply: extreme(1) },
  max: { description: 'Largest item of a list; max(other, …): the largest of several values', apply: extreme(-1) },
  sort: {
    description: 'A list in order: numbers by value, then strings, then null',
    apply: onList((items, _args, context) => sort(items, context)),
  },
  unique: {
    description: 'A list without repeated items',
    apply: onList((items, _args, context) => unique(items, context)),
  },
  map: {
    description: 'map(field): that field of each item of a list',
    apply: onList((items, args) => items.map((item) => fieldOf(item, args[0]))),
  },
  where: {
    description: 'where(field, value): the items whose field equals the value, or is true when no value is given',
    apply: onList((items, args, context) =>
      items.filter((item) => {
        const value = fieldOf(item, args[0]);
        return args.length < 2 ? truthy(value) : looseEquals(value, args[1], context);
      }),
    ),
  },
  contains: {
    description:
      'contains(value): whether a list has an equal item, a string contains the value, or an object has that key',
    apply: (input, args, context) => includes(input, args[0], context),
  },
} satisfies Record<string, FilterDefinition>;
