import { isRecord } from './records';

/**
 * Returns the value at a path of the definition such as `actions[0].choose[1].sequence[0]`. The number of a loop pass
 * (`repeat[2]`) is ignored.
 */
export function valueAtPath(definition: unknown, path: string): unknown {
  const keys = path.replaceAll(/\.repeat\[\d+\]/g, '.repeat').match(/[^.[\]]+/g) ?? [];
  return keys.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)] as unknown;
    return isRecord(value) ? value[key] : undefined;
  }, definition);
}
