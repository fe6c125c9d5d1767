/**
 * Returns whether a value counts as true. Null, undefined, false, 0, NaN, "", [] and {} count as false; the string
 * "false" counts as true.
 */
export function truthy(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return false;
  if (typeof value === 'number') return !Number.isNaN(value);
  if (typeof value !== 'object') return true;
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
}
