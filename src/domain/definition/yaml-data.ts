import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import { formatPlace, type Segment } from './place';

/**
 * Maximum number of values in a document after its aliases are expanded. A document with more values is refused,
 * because a few nested aliases can expand to any size.
 */
const MAX_VALUES = 100_000;
/** Maximum nesting of maps and lists. */
export const MAX_DATA_DEPTH = 200;

/** A YAML construct that is refused. `offset` is its position in the text. */
export interface YamlProblem {
  place: string;
  code: string;
  message: string;
  offset: number;
}

/** Sets an own property, even if its name is `__proto__`. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * Converts a parsed YAML node to plain JSON data, with string keys and without merge keys. Aliases are copied up to a
 * limit. The library's own conversion turns lists and maps that are used as keys into strings, and its check for
 * duplicate keys is quadratic.
 */
class Conversion {
  readonly problems: YamlProblem[] = [];
  private readonly anchors = new Map<string, Node>();
  private readonly open = new Set<Node>();
  private values = 0;
  private exhausted = false;

  convert(node: unknown, path: Segment[]): unknown {
    if (node === null || node === undefined) return null;
    if (isAlias(node)) return this.alias(node, path);
    const known = node as Node;
    if (!this.spend(known, path)) return null;
    const { anchor } = known as { anchor?: string };
    if (anchor !== undefined) this.anchors.set(anchor, known);
    if (isScalar(known)) return this.scalar(known.value, known, path);
    this.open.add(known);
    const value = isMap(known) ? this.map(known, path) : isSeq(known) ? this.list(known.items, path) : null;
    this.open.delete(known);
    return value;
  }

  private report(node: Node | null | undefined, path: Segment[], code: string, message: string): void {
    this.problems.push({ place: formatPlace(path), code, message, offset: node?.range?.[0] ?? 0 });
  }

  private spend(node: Node, path: Segment[]): boolean {
    this.values += 1;
    if (this.exhausted) return false;
    if (this.values <= MAX_VALUES && path.length <= MAX_DATA_DEPTH) return true;
    this.exhausted = true;
    const what =
      path.length > MAX_DATA_DEPTH ? `more than ${MAX_DATA_DEPTH} levels deep` : `more than ${MAX_VALUES} values`;
    this.report(node, path, 'limit_exceeded', `The document is too large once its aliases are written out: ${what}`);
    return false;
  }

  private alias(node: Alias, path: Segment[]): unknown {
    const target = this.anchors.get(node.source);
    if (!target) {
      this.report(node, path, 'yaml_alias', `Anchor "&${node.source}" not found above`);
      return null;
    }
    if (this.open.has(target)) {
      this.report(node, path, 'yaml_alias', `"*${node.source}" contains itself`);
      return null;
    }
    return this.convert(target, path);
  }

  private scalar(value: unknown, node: Node, path: Segment[]): unknown {
    if (typeof value !== 'number' || Number.isFinite(value)) return value;
    this.report(node, path, 'invalid_number', 'JSON cannot represent this number; write it as a string, in quotes');
    return null;
  }

  private list(items: readonly unknown[], path: Segment[]): unknown[] {
    return items.map((item, index) => this.convert(item, [...path, index]));
  }

  private map(node: YAMLMap, path: Segment[]): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const seen = new Set<string>();
    for (const pair of node.items) {
      const key = this.key(pair, path);
      if (key === undefined) continue;
      if (seen.has(key)) {
        this.report(pair.key as Node, [...path, key], 'duplicate_key', `"${key}" is given twice in the same map`);
        continue;
      }
      seen.add(key);
      setOwn(result, key, this.convert(pair.value, [...path, key]));
    }
    return result;
  }

  private key({ key }: Pair, path: Segment[]): string | undefined {
    const node = key as Node;
    if (!isScalar(key) || key.value === null || typeof key.value === 'object') {
      const braces = isMap(key) && key.flow === true ? '. Put a string with {{ }} in quotes: "{{ … }}"' : '';
      this.report(node, path, 'yaml_key', `A key must be plain text${braces}`);
      return undefined;
    }
    if (key.anchor !== undefined) this.anchors.set(key.anchor, key);
    const name = typeof key.value === 'number' ? (key.source ?? String(key.value)) : String(key.value);
    if (name !== '<<' || key.type !== 'PLAIN') return name;
    this.report(node, path, 'merge_key', 'Merge keys ("<<") are not used here: write the keys out');
    return undefined;
  }
}

/** Returns the plain data of a YAML node, and the refused constructs that it contains. */
export function toPlainData(node: unknown): { value: unknown; problems: YamlProblem[] } {
  const conversion = new Conversion();
  return { value: conversion.convert(node, []), problems: conversion.problems };
}
