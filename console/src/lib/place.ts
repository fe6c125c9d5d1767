import { isRecord } from './records';

/**
 * Returns the value at a path in the definition, such as `actions[0].choose[1].sequence[0]`. The numbers of loop passes
 * (`repeat[2]`) are ignored.
 */
export function valueAtPath(definition: unknown, path: string): unknown {
  const keys = path.replaceAll(/\.repeat\[\d+\]/g, '.repeat').match(/[^.[\]]+/g) ?? [];
  return keys.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)] as unknown;
    return isRecord(value) ? value[key] : undefined;
  }, definition);
}
