/** Returns `form` and its variants with the escapes of JSON, URLs, HTML, shells, SQL and CSV. */
export function escapedForms(form: string): ReadonlySet<string> {
  return new Set([form, ...jsonForms(form), ...percentForms(form), ...htmlForms(form), ...quotedForms(form)]);
}

/**
 * Returns the forms of one line of a longer value. They use only the escapes that are common in lines (see
 * `escapedForms`).
 */
export function partForms(part: string): ReadonlySet<string> {
  const once = escaped(part);
  const percent = encodeURIComponent(part.toWellFormed());
  return new Set([
    ...[part, once, escaped(once), once.replaceAll('/', '\\/'), asciiOnly(once, 'lower')],
    ...[percent, percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()), percent.replaceAll('%', '%25')],
    ...[part.replaceAll("'", "'\\''"), part.replaceAll("'", "''"), part.replace(SHELL_SPECIAL, '\\$&')],
    part.replace(/[&<>"']/g, (char) => HTML_ATTRIBUTE[char] ?? char),
  ]);
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);
const hexOf = (char: string, digits: number): string => char.charCodeAt(0).toString(16).padStart(digits, '0');
const unicodeEscaped = (char: string): string => `\\u${hexOf(char, 4)}`;

/**
 * Returns JSON forms, escaped once and twice: with \u for all characters that are not ASCII or are special in HTML (Go,
 * Gson), with escaped slashes (PHP), and with the quotes of a literal in JavaScript or Python.
 */
function jsonForms(form: string): string[] {
  const once = escaped(form);
  const ascii = [asciiOnly(once, 'lower'), asciiOnly(once, 'upper')];
  return [
    once,
    escaped(once),
    ...ascii,
    ...ascii.map(escaped),
    once.replace(/[<>&]/g, unicodeEscaped),
    once.replace(/[<>&='\u2028\u2029]/g, unicodeEscaped),
    ...[once, ...ascii].map((text) => text.replaceAll('/', '\\/')),
    once.replaceAll('\\"', '"').replaceAll("'", "\\'"),
    once.replaceAll("'", "\\'"),
  ];
}

function asciiOnly(text: string, letters: 'lower' | 'upper'): string {
  return text.replace(/[^\x20-\x7e]/g, (char) => {
    const code = hexOf(char, 4);
    return `\\u${letters === 'upper' ? code.toUpperCase() : code}`;
  });
}

/**
 * Returns percent-encoded forms: as a component, as a URL, as a form field, and with every byte encoded. All forms have
 * hexadecimal digits in upper and in lower case, and are encoded once and twice.
 */
function percentForms(form: string): string[] {
  const wellFormed = form.toWellFormed();
  const component = encodeURIComponent(wellFormed);
  const strict = component.replace(/[!'()*~]/g, (char) => `%${hexOf(char, 2).toUpperCase()}`);
  const all = Buffer.from(wellFormed).toString('hex').toUpperCase().replace(/../g, '%$&');
  const once = [
    ...[component, strict, encodeURI(wellFormed), all],
    ...[strict.replaceAll('%20', '+'), component.replaceAll('%20', '+')],
  ];
  const bothCases = once.flatMap((url) => [url, url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
  return [...bothCases, ...bothCases.map((url) => url.replaceAll('%', '%25'))];
}

/** Matches characters that `printf %q` of bash escapes with a backslash. */
const SHELL_SPECIAL = /[ \t'"\\|&;()<>!{}*[\]?^$`,]|^[#~]|(?<=[:=])~/g;
const HTML_BASE = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const HTML_ATTRIBUTE: Readonly<Record<string, string>> = { ...HTML_BASE, '"': '&quot;', "'": '&#39;' };
/** The escapes that common libraries use: XML; PHP, Ruby and Jinja; Python; Go; mustache. */
const HTML_TABLES: readonly Readonly<Record<string, string>>[] = [
  HTML_BASE,
  { ...HTML_BASE, '"': '&quot;' },
  { ...HTML_BASE, '"': '&quot;', "'": '&apos;' },
  { ...HTML_BASE, '"': '&quot;', "'": '&#39;' },
  { ...HTML_BASE, '"': '&quot;', "'": '&#039;' },
  { ...HTML_BASE, '"': '&quot;', "'": '&#x27;' },
  { ...HTML_BASE, '"': '&#34;', "'": '&#39;' },
  { ...HTML_BASE, '"': '&#34;', "'": '&#39;', '+': '&#43;' },
  { ...HTML_BASE, '"': '&quot;', "'": '&#39;', '/': '&#x2F;', '`': '&#x60;', '=': '&#x3D;' },
  { ...HTML_BASE, '"': '&quot;', "'": '&#x27;', '/': '&#x2F;', '`': '&#x60;', '=': '&#x3D;' },
];

/**
 * Returns HTML forms with named and numeric entities. Characters beyond ASCII are unchanged in some forms and are
 * numeric entities in others.
 */
function htmlForms(form: string): string[] {
  const plain = HTML_TABLES.map((table) => form.replace(/[&<>"'+/`=]/g, (char) => table[char] ?? char));
  const numbered = (text: string, radix: 10 | 16): string =>
    text.replace(
      /[^\0-\x7f]/gu,
      (char) => `&#${radix === 16 ? 'x' : ''}${(char.codePointAt(0) ?? 0).toString(radix)};`,
    );
  return plain.flatMap((text) => [text, numbered(text, 10), numbered(text, 16)]);
}

/**
 * Returns `form` as it is written inside the quotes of shells (`set -x`, `${VAR@Q}`, Python's `shlex.quote`), with
 * escaping backslashes (`printf %q`, Ruby's `shellescape`), in `$'…'`, with doubled quotes (SQL, CSV, PowerShell), and
 * as quoted-printable.
 */
function quotedForms(form: string): string[] {
  const ansi = form
    .replace(/[\\']/g, '\\$&')
    .replace(/[\n\r\t]/g, (char) => ({ '\n': '\\n', '\r': '\\r' })[char] ?? '\\t');
  const octal = (text: string): string =>
    text.replace(/[^\0-\x7f]+/g, (chars) =>
      [...Buffer.from(chars)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
    );
  const printable = form.replace(/[=]|[^\0-\x7f]+/g, (chars) =>
    [...Buffer.from(chars)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
  return [
    form.replaceAll("'", "'\\''"),
    form.replaceAll("'", `'"'"'`),
    form.replace(SHELL_SPECIAL, '\\$&'),
    form.replace(/[^A-Za-z0-9_\-.,:+/@\n\x80-\uffff]/g, '\\$&'),
    form.replace(/["\\$`]/g, '\\$&'),
    ansi,
    octal(ansi),
    octal(form),
    form.replaceAll("'", "''"),
    form.replaceAll('"', '""'),
    printable,
  ];
}
