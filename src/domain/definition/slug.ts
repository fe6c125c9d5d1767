/** Maximum number of characters of a slug without its suffix. */
const MAX_LENGTH = 60;

/** Prefix of housekeeping workflow ids. A slug must not begin with it. */
const RESERVED = 'fermata-housekeeping';

/**
 * Returns the slug for a new automation. The slug is the name in lower case and without accents, with a hyphen for each
 * sequence of characters other than ASCII letters and digits, truncated to 60 characters. A slug that would begin with
 * `fermata-housekeeping` gets the prefix `automation-`. If no characters of the name remain, the slug is
 * `automation-<first 8 characters of the id>`.
 */
export function slugOf(name: string, id: string): string {
  const words = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  const slug = trimmed(trimmed(words).slice(0, MAX_LENGTH));
  if (slug === '') return `automation-${id.slice(0, 8)}`;
  return slug.startsWith(RESERVED) ? `automation-${slug}` : slug;
}

const trimmed = (text: string): string => text.replace(/^-+|-+$/g, '');

/** Returns the slug unchanged if it is free, otherwise the slug with the first free suffix, starting with `-2`. */
export function freeSlug(slug: string, taken: ReadonlySet<string>): string {
  let free = slug;
  for (let suffix = 2; taken.has(free); suffix += 1) free = `${slug}-${suffix}`;
  return free;
}
