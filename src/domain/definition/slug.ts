/** Longest slug without a suffix, in characters. */
const LONGEST = 60;

/** Prefix of the workflow ids of housekeeping. */
const RESERVED = 'fermata-housekeeping';

/**
 * Returns the slug of an automation, which is set at its creation: its name in lower case, with a hyphen for each run
 * of characters other than ASCII letters and digits. `automation-<first 8 of the id>` when nothing is left of the name.
 */
export function slugOf(name: string, id: string): string {
  const words = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  const slug = trimmed(trimmed(words).slice(0, LONGEST));
  if (slug === '') return `automation-${id.slice(0, 8)}`;
  return slug.startsWith(RESERVED) ? `automation-${slug}` : slug;
}

const trimmed = (text: string): string => text.replace(/^-+|-+$/g, '');

/** Returns the slug itself, or with the first free suffix from `-2` on. */
export function freeSlug(slug: string, taken: ReadonlySet<string>): string {
  let free = slug;
  for (let suffix = 2; taken.has(free); suffix += 1) free = `${slug}-${suffix}`;
  return free;
}
