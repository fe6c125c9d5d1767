import { shortText } from './short-text';

/** Maximum length, in characters, of a string in a configuration that is stored with a step. */
const MAX_CHARACTERS = 1_000;
/** Maximum number of bytes of the stored configuration as JSON. */
const MAX_BYTES = 8_192;
/** Maximum nesting depth that is stored. */
const MAX_LEVELS = 12;
/** Maximum number of stored elements of a list, and of stored keys of an object. */
const MAX_ELEMENTS = 100;

/**
 * Returns a rendered configuration in the form in which it is stored in the row of its step. Strings are truncated to
 * 1,000 characters, lists and objects to 100 elements and 12 levels, and fields that exceed the total of 8 kB are
 * replaced by `{truncated: true, bytes}`. Smaller fields that follow them are still stored.
 */
export function keptConfig(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  let room = MAX_BYTES;
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(config).slice(0, MAX_ELEMENTS)) {
    const short = shortened(value, MAX_LEVELS);
    const bytes = Buffer.byteLength(JSON.stringify({ [name]: short }));
    const fits = bytes <= room;
    if (fits) room -= bytes;
    kept[name] = fits ? short : { truncated: true, bytes };
  }
  return kept;
}

function shortened(value: unknown, levels: number): unknown {
  if (typeof value === 'string') return shortText(value, MAX_CHARACTERS);
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return '…';
  if (Array.isArray(value)) {
    const first = value.slice(0, MAX_ELEMENTS).map((item) => shortened(item, levels - 1));
    return value.length > MAX_ELEMENTS ? [...first, `… ${value.length - MAX_ELEMENTS} more`] : first;
  }
  const entries = Object.entries(value);
  const first = entries.slice(0, MAX_ELEMENTS).map(([key, child]) => [key, shortened(child, levels - 1)] as const);
  const more = entries.length - MAX_ELEMENTS;
  return Object.fromEntries(more > 0 ? [...first, ['…', `${more} more`]] : first);
}
