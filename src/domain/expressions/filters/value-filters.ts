import { parseJson as parseExact } from '../../exact-json';
import { numericValue } from '../numeric';
import { toJson } from '../text';
import { isPlainObject } from '../plain-data';
import { truthy } from '../truthy';
import type { FilterDefinition } from './filter';

function parseJson(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    return text;
  }
}

function round(number: number, digits: unknown): number {
  const places = Math.max(-15, Math.min(15, Math.trunc(numericValue(digits) ?? 0)));
  const shifted = Number(`${String(Math.abs(number))}e${String(places)}`);
  // Numbers with an exponent have no digits left to round, or round to 0.
  if (!Number.isFinite(shifted)) return Math.abs(number) < 1 ? 0 : number;
  const rounded = Number(`${String(Math.round(shifted))}e${String(-places)}`);
  if (!Number.isFinite(rounded)) return number;
  return number < 0 && rounded !== 0 ? -rounded : rounded;
}

export const valueFilters = {
  default: {
    description: 'default(value): the given value when the input is null, missing or an empty string',
    apply: (input, args) => (input === null || input === undefined || input === '' ? args[0] : input),
  },
  not: {
    description: 'Whether the value counts as false',
    apply: (input, _args, context) => {
      if (isPlainObject(input)) context.spend(Object.keys(input).length);
      return !truthy(input);
    },
  },
  json: {
    description: 'The value as JSON',
    apply: (input, _args, context) => (input === undefined ? undefined : toJson(input, context)),
  },
  from_json: {
    description: 'The value of a string that contains JSON; other strings stay unchanged',
    apply: (input, _args, context) => {
      if (typeof input !== 'string') return input;
      context.spend(input.length >> 3);
      return parseJson(input);
    },
  },
  round: {
    description: 'round(digits = 0): a number rounded, halves away from zero',
    apply: (input, args) => {
      const number = numericValue(input);
      return number === undefined ? input : round(number, args[0]);
    },
  },
  abs: {
    description: 'A number without its sign',
    apply: (input) => {
      const number = numericValue(input);
      return number === undefined ? input : Math.abs(number);
    },
  },
} satisfies Record<string, FilterDefinition>;
