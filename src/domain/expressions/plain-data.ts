import { CONTAINER_COST, MAX_DATA_DEPTH, MAX_RESULT, textCost, type Budget } from './budget';

export type PlainObject = Readonly<Record<string, unknown>>;

/** Returns whether a value is an object literal or an object with a null prototype, from any realm. */
export function isPlainObject(value: unknown): value is PlainObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function isoOfDate(value: object): string | undefined {
  try {
    const ms = Date.prototype.getTime.call(value);
    return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
  } catch {
    return undefined;
  }
}

/**
 * Converts a value to a value of the language. Strings, numbers, true, false, null, lists and plain objects are
 * unchanged, and a Date becomes ISO text. A bigint becomes a number, or a string if it is not a safe integer.
 * Functions, symbols and instances of other classes become undefined.
 */
export function admit(value: unknown): unknown {
  switch (typeof value) {
    case 'object':
      if (value === null || Array.isArray(value) || isPlainObject(value)) return value;
      return isoOfDate(value);
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
    case 'function':
    case 'symbol':
      return undefined;
    default:
      return value;
  }
}

// Looked up once, because these are the most frequent calls of an evaluation.
const { getOwnPropertyDescriptor } = Object;

/** Returns a property of a list or of a plain object. Used by walks that have already checked the container. */
export function dataProperty(container: object, key: string | number): unknown {
  const property = getOwnPropertyDescriptor(container, key);
  return property === undefined ? undefined : admit(property.value);
}

/**
 * Returns `container[key]` as the language defines it: an own data property of a list or a plain object, or the
 * `length` of a string, otherwise undefined.
 */
export function ownValue(container: unknown, key: string | number): unknown {
  if (typeof container === 'string') return key === 'length' ? container.length : undefined;
  if (typeof container !== 'object' || container === null) return undefined;
  if (!Array.isArray(container) && !isPlainObject(container)) return undefined;
  return dataProperty(container, key);
}

/** Returns the items of a list as values of the language, and charges one step for each item to the budget. */
export function itemsOf(list: readonly unknown[], budget: Budget): unknown[] {
  budget.spend(list.length);
  const items: unknown[] = [];
  for (let index = 0; index < list.length; index += 1) items.push(dataProperty(list, index));
  return items;
}

/** Sets an own property, even if its name is `__proto__`. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value;
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Returns the length of `text` in UTF-8 bytes. */
export function byteLength(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) bytes += code >= 0x800 && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

/** Adds up the size of a result and ensures that it does not exceed 1 MB. */
export class ResultSize {
  #bytes = 0;

  constructor(readonly budget: Budget) {}

  /**
   * Adds a number of bytes.
   * @throws ExpressionError when the result becomes too large
   */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > MAX_RESULT) this.budget.fail('The result is larger than 1 MB');
  }

  /** Adds the size of `text`. If `text` has at most 341 characters, every character counts as one byte. */
  addText(text: string): void {
    if (text.length > MAX_RESULT) this.add(text.length);
    this.add(text.length * 3 <= 1024 ? text.length : byteLength(text));
  }
}

function copyOf(value: unknown, size: ResultSize, depth: number): unknown {
  if (typeof value === 'string') {
    size.budget.spend(textCost(value.length));
    size.addText(value);
    return value;
  }
  size.budget.spend(1);
  size.add(4);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DATA_DEPTH) size.budget.fail(`The data is nested deeper than ${String(MAX_DATA_DEPTH)}`);
  size.budget.spend(CONTAINER_COST);
  if (Array.isArray(value)) return itemsOf(value, size.budget).map((item) => copyOf(item ?? null, size, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = dataProperty(value, key);
    if (item === undefined) continue;
    size.addText(key);
    setOwn(copy, key, copyOf(item, size, depth + 1));
  }
  return copy;
}

/**
 * Returns a copy of a value. The copy contains only own data properties and shares no lists or objects with the scope.
 * @throws ExpressionError for more than 1 MB or 200 levels, which includes circular data
 */
export function toPlain(value: unknown, size: ResultSize): unknown {
  return copyOf(admit(value), size, 0);
}
