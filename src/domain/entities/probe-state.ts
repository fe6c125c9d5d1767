import { isMap } from './schema-keywords';

const TEXT = `${'a'.repeat(5_000)}!`;
const MAX_VALUES = 20_000;
const ITEMS = 1_000;
const DEPTH = 8;

/**
 * Returns a large state with the structure of a schema, which is used to measure how long a check takes. It has strings
 * of 5,000 characters, lists of 1,000 items, and every property. The state need not be valid.
 */
export function probeState(schema: Record<string, unknown>): unknown {
  const budget = { left: MAX_VALUES };
  const value = probe(schema, budget, 0);
  return isMap(value) ? value : {};
}

function probe(schema: unknown, budget: { left: number }, depth: number): unknown {
  budget.left -= 1;
  if (!isMap(schema) || depth > DEPTH || budget.left <= 0) return TEXT;
  const { type, properties, items, patternProperties } = schema;
  const types: unknown[] = Array.isArray(type) ? type : [type];
  if (isMap(properties) || patternProperties !== undefined || types.includes('object')) {
    const known = Object.entries(isMap(properties) ? properties : {});
    return Object.fromEntries([
      ...known.map(([name, child]) => [name, probe(child, budget, depth + 1)] as const),
      ...Array.from({ length: 20 }, (_, index) => [`${'a'.repeat(200)}${index}!`, index] as const),
    ]);
  }
  if (items !== undefined || types.includes('array')) {
    const length = Math.max(1, Math.min(ITEMS, budget.left));
    return Array.from({ length }, (_, index) => (items === undefined ? { index } : probe(items, budget, depth + 1)));
  }
  return types.includes('number') || types.includes('integer') ? 123_456.789 : TEXT;
}
