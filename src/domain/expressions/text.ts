import { CONTAINER_COST, MAX_DATA_DEPTH, MAX_RESULT, textCost, type Budget } from './budget';
import { admit, dataProperty, itemsOf } from './plain-data';

interface Writer {
  readonly budget: Budget;
  readonly sorted: boolean;
  length: number;
}

function count(writer: Writer, text: string): string {
  writer.length += text.length;
  writer.budget.spend(textCost(text.length));
  if (writer.length > MAX_RESULT) writer.budget.fail('The text is longer than 1 MB');
  return text;
}

function write(value: unknown, writer: Writer, depth: number): string {
  if (typeof value === 'number') return count(writer, Number.isFinite(value) ? String(value) : 'null');
  if (typeof value === 'string') return count(writer, JSON.stringify(count(writer, value)));
  if (typeof value !== 'object' || value === null) return count(writer, String(value ?? null));
  if (depth > MAX_DATA_DEPTH) writer.budget.fail(`The data is nested deeper than ${String(MAX_DATA_DEPTH)}`);
  writer.budget.spend(CONTAINER_COST);
  if (Array.isArray(value)) {
    return `[${itemsOf(value, writer.budget)
      .map((item) => write(item, writer, depth + 1))
      .join(',')}]`;
  }
  const parts: string[] = [];
  const keys = Object.keys(value);
  for (const key of writer.sorted ? keys.sort() : keys) {
    const item = dataProperty(value, key);
    if (item !== undefined) parts.push(`${count(writer, JSON.stringify(key))}:${write(item, writer, depth + 1)}`);
  }
  return `{${parts.join(',')}}`;
}

/**
 * Returns the JSON of a value without calling functions in the data (`toJSON`, getters).
 * @throws ExpressionError for more than 1 MB or 200 levels
 */
export function toJson(value: unknown, budget: Budget): string {
  return write(admit(value), { budget, sorted: false, length: 0 }, 0);
}

/** Returns JSON with sorted keys, so that equal data has equal text. */
export function toCanonicalJson(value: unknown, budget: Budget): string {
  return write(admit(value), { budget, sorted: true, length: 0 }, 0);
}

/** Returns a value as text. Null and undefined become an empty string, and lists and objects become JSON. */
export function toText(value: unknown, budget: Budget): string {
  if (typeof value === 'string') return value;
  const admitted = admit(value);
  if (admitted === null || admitted === undefined) return '';
  if (typeof admitted === 'object') return toJson(admitted, budget);
  return String(admitted as string | number | boolean);
}

/** Returns the name of a value's type for messages. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return 'a string';
  return typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}
