import { z } from 'zod';
import { createAllowList } from './edges/egress/allow-list';

const DAY_MS = 86_400_000;

/** Declares a whole number within bounds. */
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be between ${min} and ${max}`);

/** A comma-separated list. White space around items is removed, and empty items are left out. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

/** Host names, addresses and CIDR ranges, separated by commas. */
export const hostsAndRanges = list.refine(
  (items) => items.every(isHostOrRange),
  'must be a comma-separated list of host names, addresses or CIDR ranges',
);

/** At least one key of 32 bytes in base64; several are separated by commas. */
export const secretKeys = list
  .refine((keys) => keys.length > 0, 'must not be empty')
  .transform((keys, context) =>
    keys.map((key, index) => {
      const bytes = Buffer.from(key, 'base64');
      if (bytes.length !== 32 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(key)) {
        context.addIssue(`key ${index + 1} must be 32 bytes in base64, e.g. from "openssl rand -base64 32"`);
      }
      return bytes;
    }),
  );

export const postgresUrl = z.string().regex(/^postgres(ql)?:\/\/./, 'must be a postgres:// URL');
/** An http(s) URL. Trailing slashes are removed. */
export const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .transform((url) => url.replace(/\/+$/, ''));
/**
 * Name of a Worker Deployment. It contains neither a dot nor a colon, because Temporal uses these characters to
 * separate the name from the build id.
 */
export const deploymentName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/, 'must be 1 to 100 letters, digits, "-" or "_"');
/** Identity of a build within a deployment. */
export const buildId = z.string().regex(/^[\w.+-]{1,100}$/, 'must be 1 to 100 letters, digits, ".", "+", "-" or "_"');

/** Origins of web pages (`https://temporal.example.com`), separated by commas. */
export const origins = list.transform((items, context) =>
  items.map((item) => {
    const [origin] = originsOf(item);
    if (origin === undefined || origin !== item.replace(/\/$/, '')) {
      context.addIssue('must be a comma-separated list of origins, e.g. https://temporal.example.com');
    }
    return origin ?? item;
  }),
);

/** Returns a list with the origin of an http(s) URL, or an empty list for anything else. */
export function originsOf(url: string | undefined): string[] {
  if (url === undefined || !/^https?:/.test(url) || !URL.canParse(url)) return [];
  return [new URL(url).origin];
}

/** Declares a setting in days, with the default `count`. Its value is in milliseconds. */
export const days = (count: number) =>
  integer(1, 36_500)
    .prefault(String(count))
    .transform((n) => n * DAY_MS);

/** Returns whether Node accepts `name` as the name of a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Returns whether the egress guard accepts `item` as a host name, an address or a range. */
function isHostOrRange(item: string): boolean {
  try {
    createAllowList([item]);
    return true;
  } catch {
    return false;
  }
}
