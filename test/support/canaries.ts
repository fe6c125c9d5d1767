import { secretForms } from '../../src/domain/secrets/secret-forms';

/**
 * Secret values that programs escape or encode in different ways. One value is part of another, and one has the minimum
 * length.
 */
export const CANARIES = {
  QUOTES: 'canary "quoted" \\slashed\\ {braces} %25 & more',
  LINES: '-----BEGIN CANARY-----\nMIICanaryLine+/=\nsecondCanaryLine\n-----END CANARY-----',
  UNICODE: 'cänäry-ключ-🔑-secret',
  SHORT: 'c4N!',
  PART: 'canary-partial',
  WHOLE: 'canary-partial-and-whole',
} as const;

const NEEDLES = Object.entries(CANARIES).flatMap(([name, value]) =>
  secretForms(value)
    .filter((form) => form.length >= 6 || form === value)
    .map((form) => [name, form] as const),
);

/**
 * Returns a description of each canary that `text` contains in some encoded form: its name, `where`, and the
 * surrounding text.
 */
export function canariesIn(where: string, text: string): string[] {
  return NEEDLES.filter(([, form]) => text.includes(form)).map(([name, form]) => {
    const at = text.indexOf(form);
    return `${name} in ${where}: ${text.slice(Math.max(0, at - 80), at + form.length + 20)}`;
  });
}
