const MASK = '****';
/** Shorter values cannot be told from ordinary text. */
const MIN_LENGTH = 4;

/** Replaces values, also JSON-escaped, URL-encoded, trimmed and in base64, in all texts of anything; longest first. */
export function createMask(values: readonly string[]): <T>(value: T) => T {
  const forms = [...new Set(values.flatMap(formsOf))]
    .filter((form) => form.length >= MIN_LENGTH)
    .sort((a, b) => b.length - a.length);
  const text = (input: string) => forms.reduce((masked, form) => masked.replaceAll(form, MASK), input);
  const mask = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(mask);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, mask(child)]));
  };
  return (value) => (forms.length === 0 ? value : (mask(value) as typeof value));
}

function formsOf(value: string): string[] {
  const trimmed = value.trim();
  return [value, trimmed].flatMap((form) => [
    form,
    JSON.stringify(form).slice(1, -1),
    encodeURIComponent(form),
    Buffer.from(form).toString('base64'),
    Buffer.from(form).toString('base64url'),
  ]);
}
