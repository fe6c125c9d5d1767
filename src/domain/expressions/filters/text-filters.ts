import { MAX_RESULT } from '../budget';
import { numericValue } from '../numeric';
import { occurrences, searchCost } from '../search';
import { toText } from '../text';
import type { FilterContext, FilterDefinition, FilterFunction } from './filter';

function onText(change: (text: string, args: readonly unknown[], context: FilterContext) => unknown): FilterFunction {
  return (input, args, context) => (typeof input === 'string' ? change(input, args, context) : input);
}

function truncate(text: string, length: unknown): string {
  const limit = Math.floor(numericValue(length) ?? 0);
  if (limit <= 0 || text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  const halvesPair = last >= 0xd800 && last <= 0xdbff;
  return `${text.slice(0, halvesPair ? limit - 1 : limit)}…`;
}

function replace(text: string, args: readonly unknown[], context: FilterContext): string {
  const search = toText(args[0], context);
  const replacement = toText(args[1], context);
  if (search === '') return text;
  context.spend(searchCost(text, search));
  const places = occurrences(text, search, Infinity);
  context.spend(places.length);
  if (text.length + places.length * (replacement.length - search.length) > MAX_RESULT) {
    context.fail('The text is longer than 1 MB');
  }
  let result = '';
  let from = 0;
  for (const at of places) {
    result += text.slice(from, at) + replacement;
    from = at + search.length;
  }
  return result + text.slice(from);
}

function split(text: string, args: readonly unknown[], context: FilterContext): string[] {
  const separator = args[0] === undefined || args[0] === null ? ',' : toText(args[0], context);
  if (separator === '') {
    context.spend(text.length);
    return Array.from(text);
  }
  context.spend(searchCost(text, separator));
  const places = occurrences(text, separator, Infinity);
  context.spend(places.length);
  let from = 0;
  const parts = places.map((at) => {
    const part = text.slice(from, at);
    from = at + separator.length;
    return part;
  });
  return [...parts, text.slice(from)];
}

function urlencode(input: unknown, _args: readonly unknown[], context: FilterContext): unknown {
  if (typeof input === 'object' || input === undefined) return input;
  const text = encodeURIComponent(toText(input, context).toWellFormed());
  if (text.length > MAX_RESULT) context.fail('The text is longer than 1 MB');
  return text;
}

function comparedWith(holds: (text: string, part: string) => boolean): FilterFunction {
  return (input, args, context) => {
    if (input === null || input === undefined || args[0] === null || args[0] === undefined) return false;
    return typeof input !== 'object' && holds(toText(input, context), toText(args[0], context));
  };
}

export const textFilters = {
  upper: { description: 'The string in upper case', apply: onText((text) => text.toUpperCase()) },
  lower: { description: 'The string in lower case', apply: onText((text) => text.toLowerCase()) },
  capitalize: {
    description: 'The string with its first letter capitalised',
    apply: onText((text) => text.charAt(0).toUpperCase() + text.slice(1)),
  },
  trim: { description: 'The string without white space at both ends', apply: onText((text) => text.trim()) },
  truncate: {
    description: 'truncate(length): the first characters of a string and "…" when it is longer',
    apply: onText((text, args) => truncate(text, args[0])),
  },
  replace: {
    description: 'replace(text, by = ""): every occurrence of a string replaced; no patterns',
    apply: onText(replace),
  },
  split: { description: 'split(separator = ","): the parts of a string as a list', apply: onText(split) },
  urlencode: {
    description:
      'The string as one component of a URL: percent-encoded, "/" included; numbers and truth values as strings',
    apply: urlencode,
  },
  starts_with: {
    description: 'starts_with(text): whether a string begins with another',
    apply: comparedWith((text, part) => text.startsWith(part)),
  },
  ends_with: {
    description: 'ends_with(text): whether a string ends with another',
    apply: comparedWith((text, part) => text.endsWith(part)),
  },
} satisfies Record<string, FilterDefinition>;
