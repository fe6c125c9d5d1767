import { CONTAINER_COST, MAX_DATA_DEPTH, unbounded, type Budget } from './budget';
import { numericValue } from './numeric';
import { dataProperty, isPlainObject, itemsOf, ownValue } from './plain-data';
import { occursIn, searchCost } from './search';
import { toText } from './text';

function sameList(a: readonly unknown[], b: readonly unknown[], budget: Budget, depth: number): boolean {
  budget.spend(CONTAINER_COST);
  if (a.length !== b.length) return false;
  const others = itemsOf(b, budget);
  return itemsOf(a, budget).every((item, index) => sameValue(item, others[index], budget, depth + 1));
}

function sameObject(a: object, b: object, budget: Budget, depth: number): boolean {
  const keys = Object.keys(a);
  budget.spend(keys.length + CONTAINER_COST);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) => Object.hasOwn(b, key) && sameValue(dataProperty(a, key), dataProperty(b, key), budget, depth + 1),
  );
}

function sameValue(a: unknown, b: unknown, budget: Budget, depth: number): boolean {
  budget.spend(1);
  if (a === b || ((a ?? null) === null && (b ?? null) === null)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (depth > MAX_DATA_DEPTH) budget.fail(`The data is nested deeper than ${String(MAX_DATA_DEPTH)}`);
  if (Array.isArray(a) && Array.isArray(b)) return sameList(a, b, budget, depth);
  return isPlainObject(a) && isPlainObject(b) && sameObject(a, b, budget, depth);
}

/**
 * Evaluates `a == b`. Values of the same type are compared strictly (lists and objects by content), null equals null
 * and undefined, and other values are compared as text: `1 == "1"` is true.
 */
export function looseEquals(a: unknown, b: unknown, budget: Budget = unbounded): boolean {
  if (a === b) return true;
  if (a === null || a === undefined) return b === null || b === undefined;
  if (b === null || b === undefined) return false;
  if (typeof a !== typeof b || (typeof a === 'object' && Array.isArray(a) !== Array.isArray(b))) {
    return toText(a, budget) === toText(b, budget);
  }
  return typeof a === 'object' && sameValue(a, b, budget, 0);
}

/**
 * Compares `a` and `b`. Returns a negative number, zero or a positive number. If both are finite numbers or numeric
 * text, compares them as numbers, otherwise as text by code unit. Returns undefined when one of them is null or
 * undefined, so that `<` and `>` are both false.
 */
export function compareValues(a: unknown, b: unknown, budget: Budget = unbounded): number | undefined {
  if (a === null || a === undefined || b === null || b === undefined) return undefined;
  const left = numericValue(a);
  const right = left === undefined ? undefined : numericValue(b);
  if (left !== undefined && right !== undefined) return left - right;
  const leftText = toText(a, budget);
  const rightText = toText(b, budget);
  if (leftText === rightText) return 0;
  return leftText < rightText ? -1 : 1;
}

/**
 * Evaluates `item in container`: whether `item` equals an item of a list, is a substring of text, or is a key of an
 * object. Returns false for any other container.
 */
export function includes(container: unknown, item: unknown, budget: Budget = unbounded): boolean {
  if (Array.isArray(container))
    return itemsOf(container, budget).some((candidate) => looseEquals(candidate, item, budget));
  if (item === null || item === undefined) return false;
  const text = toText(item, budget);
  if (typeof container === 'string') {
    budget.spend(searchCost(container, text));
    return occursIn(container, text);
  }
  return isPlainObject(container) && ownValue(container, text) !== undefined;
}
