import { isRecord } from './records';

const UNIT_MS = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1_000 } as const;
const SHORT: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds of a duration as definitions write it; undefined for templates and what is none. */
export function delayMs(value: unknown): number | undefined {
  if (isRecord(value)) {
    if (typeof value['template'] === 'string') return undefined;
    return Object.entries(UNIT_MS).reduce((sum, [unit, ms]) => sum + Number(value[unit] ?? 0) * ms, 0);
  }
  if (typeof value !== 'string') return undefined;
  const clock = /^(\d+):(\d{2})(?::(\d{2}))?$/.exec(value);
  if (clock !== null) return (Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] ?? 0)) * 1_000;
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)\s*(ms|d|h|m|s)/g)];
  if (parts.length === 0 || parts.map(([text]) => text).join('') !== value.replaceAll(/\s+(?=\d)/g, ''))
    return undefined;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (SHORT[unit ?? ''] ?? 0), 0);
}

/** The value at a place such as `actions[0].choose[1].sequence[0]`; passes of a repeat (`…#2`) are left out of the place. */
export function valueAtPath(definition: unknown, path: string): unknown {
  const keys = path.replaceAll(/#\d+/g, '').match(/[^.[\]]+/g) ?? [];
  return keys.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)] as unknown;
    return isRecord(value) ? value[key] : undefined;
  }, definition);
}
