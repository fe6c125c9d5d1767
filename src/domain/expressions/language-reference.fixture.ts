import { SCOPE, type Tree } from './language-trees.fixture';

/** Thrown for a case that the language defines as an error. */
export class Refused extends Error {}

function asText(x: unknown): string {
  return x === null || x === undefined ? '' : typeof x === 'object' ? JSON.stringify(x) : String(x as string);
}

function asNumber(x: unknown): number | undefined {
  if (typeof x === 'string' && (x.length > 64 || !/^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(x)))
    return undefined;
  const number = typeof x === 'number' || typeof x === 'string' ? Number(x) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

function isTrue(x: unknown): boolean {
  return Boolean(x) && !(typeof x === 'object' && Object.keys(x as object).length === 0);
}

function isSame(a: unknown, b: unknown): boolean {
  if ((a ?? null) === null || (b ?? null) === null) return (a ?? null) === (b ?? null);
  const type = (x: unknown): string => (Array.isArray(x) ? 'list' : typeof x);
  if (type(a) !== type(b)) return asText(a) === asText(b);
  if (typeof a !== 'object') return a === b;
  const sorted = (x: unknown): string =>
    JSON.stringify(x, (_key, value: unknown) =>
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([p], [q]) => (p < q ? -1 : 1)))
        : value,
    );
  return sorted(a) === sorted(b);
}

function isIn(a: unknown, b: unknown): boolean {
  if (Array.isArray(b)) return b.some((item) => isSame(item, a));
  if ((a ?? null) === null) return false;
  if (typeof b === 'string') return b.includes(asText(a));
  return typeof b === 'object' && b !== null && Object.hasOwn(b, asText(a));
}

function look(x: unknown, key: unknown): unknown {
  if (typeof key !== 'string' && typeof key !== 'number') return undefined;
  if (typeof x === 'string') return key === 'length' ? x.length : undefined;
  if (typeof x !== 'object' || x === null || !Object.hasOwn(x, key)) return undefined;
  return (x as Record<string, unknown>)[key];
}

function order(op: string, a: unknown, b: unknown): boolean {
  if ((a ?? null) === null || (b ?? null) === null) return false;
  const numbers = [asNumber(a), asNumber(b)];
  const [p, q] = numbers.includes(undefined) ? [asText(a), asText(b)] : numbers;
  if (p === undefined || q === undefined) return false;
  return op === '<' ? p < q : op === '>' ? p > q : op === '<=' ? p <= q : p >= q;
}

/** Returns the milliseconds since 1970 of text such as `2026-11-23T11:00:00.000Z`, or NaN for anything else. */
function timeOf(x: unknown): number {
  const text = typeof x === 'string' ? x.trim() : '';
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? Date.parse(text) : NaN;
}

function moved(time: unknown, ms: number): string {
  const date = new Date(timeOf(time) + ms);
  if (Number.isNaN(date.getTime())) throw new Refused();
  return date.toISOString();
}

function calculate(op: string, a: unknown, b: unknown): unknown {
  // A number of milliseconds can be added to a time or subtracted from it, but not added to any other text.
  if (op === '+' && typeof a === 'string' && typeof b === 'number') return moved(a, b);
  if (op === '+' && typeof a === 'number' && typeof b === 'string') return moved(b, a);
  if (op === '-' && typeof a === 'string' && typeof b === 'number') return moved(a, -b);
  if (op === '+' && (typeof a === 'string' || typeof b === 'string')) return asText(a) + asText(b);
  const isDifferenceOfTimes = op === '-' && typeof a === 'string' && typeof b === 'string';
  const [x, y] = isDifferenceOfTimes ? [timeOf(a), timeOf(b)] : [a, b];
  if (typeof x !== 'number' || typeof y !== 'number') throw new Refused();
  const result = { '+': x + y, '-': x - y, '*': x * y, '/': x / y, '%': x % y }[op] ?? NaN;
  if (!Number.isFinite(result)) throw new Refused();
  return result + 0;
}

function filter(name: string, x: unknown, args: unknown[]): unknown {
  const list = Array.isArray(x) ? (x as unknown[]) : undefined;
  switch (name) {
    case 'default':
      return x === '' || x === null || x === undefined ? args[0] : x;
    case 'not':
      return !isTrue(x);
    case 'length':
      return typeof x === 'string' ? x.length : x !== null && typeof x === 'object' ? Object.keys(x).length : 0;
    case 'upper':
      return typeof x === 'string' ? x.toUpperCase() : x;
    case 'contains':
      return isIn(args[0], x);
    case 'join':
      return list ? list.map(asText).join((args[0] ?? null) === null ? ', ' : asText(args[0])) : x;
    case 'minutes': {
      const ms = (asNumber(x) ?? NaN) * 60_000;
      return Number.isFinite(ms) ? ms : x;
    }
    case 'first':
      return list ? list[0] : typeof x === 'string' ? [...x][0] : x;
    case 'where':
      return list
        ? list.filter((i) => (args.length < 2 ? isTrue(look(i, args[0])) : isSame(look(i, args[0]), args[1])))
        : x;
    default:
      return list ? list.map((item) => look(item, args[0])) : x;
  }
}

/** Returns the value of a tree as defined in the documentation of the language. */
export function mean(node: Tree): unknown {
  switch (node.t) {
    case 'value':
      return node.value;
    case 'path':
      return node.keys.reduce<unknown>(
        (x, key) => look(x, typeof key === 'object' ? mean(key) : key),
        look(SCOPE, node.root),
      );
    case 'list':
      return node.items.map(mean);
    case 'not':
      return !isTrue(mean(node.a));
    case 'minus':
      return calculate('-', 0, mean(node.a));
    case 'if':
      return isTrue(mean(node.test)) ? mean(node.a) : mean(node.b);
    case 'pipe':
      return filter(node.name, mean(node.a), node.args.map(mean));
    case 'op': {
      const a = mean(node.a);
      if (node.op === '&&') return isTrue(a) ? mean(node.b) : a;
      if (node.op === '||') return isTrue(a) ? a : mean(node.b);
      const b = mean(node.b);
      if (node.op === '==') return isSame(a, b);
      if (node.op === '!=') return !isSame(a, b);
      if (node.op === 'in') return isIn(a, b);
      return '+-*/%'.includes(node.op) ? calculate(node.op, a, b) : order(node.op, a, b);
    }
  }
}
