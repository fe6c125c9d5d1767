/** Shorter values cannot be told from ordinary text. */
export const MIN_SECRET_LENGTH = 4;

/**
 * The ways in which a value turns up in what others write: as it is and trimmed; JSON-escaped, once, twice, with \u for all
 * that is not ASCII or means something in HTML (Go, Gson), with escaped slashes (PHP); percent-encoded in both cases and as form fields; and in base64, also inside a longer text, where it
 * begins at one of three places. Values below 4 characters have none.
 */
export function secretForms(value: string): string[] {
  const forms = new Set<string>();
  for (const form of new Set([value, value.trim()])) {
    if (form.length < MIN_SECRET_LENGTH) continue;
    const once = escaped(form);
    const ascii = [asciiOnly(once, 'lower'), asciiOnly(once, 'upper')];
    const others = [
      once.replace(/[<>&]/g, unicodeEscaped),
      once.replace(/[<>&='\u2028\u2029]/g, unicodeEscaped),
      ...[once, ...ascii].map((text) => text.replaceAll('/', '\\/')),
    ];
    for (const json of [form, once, escaped(once), ...ascii, ...ascii.map(escaped), ...others]) forms.add(json);
    const percent = encodeURIComponent(wellFormed(form));
    const strict = percent.replace(/[!'()*~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
    for (const url of [
      percent,
      strict,
      encodeURI(wellFormed(form)),
      strict.replaceAll('%20', '+'),
      percent.replaceAll('%20', '+'),
    ]) {
      forms.add(url);
      forms.add(url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()));
    }
    for (const base64 of base64Forms(form)) forms.add(base64);
  }
  return [...forms].filter((form) => form.length >= MIN_SECRET_LENGTH);
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);
const unicodeEscaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
const wellFormed = (text: string): string =>
  text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD');

function asciiOnly(text: string, letters: 'lower' | 'upper'): string {
  return text.replace(/[^\x20-\x7e]/g, (char) => {
    const code = unicodeEscaped(char);
    return letters === 'upper' ? `\\u${code.slice(2).toUpperCase()}` : code;
  });
}

/** What is the same in every text around it, for each of the three places in a group of three bytes. */
function base64Forms(form: string): string[] {
  const bytes = Buffer.from(form);
  const whole = [bytes.toString('base64'), bytes.toString('base64url')];
  const inside = [0, 1, 2].flatMap((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]);
    const first = Math.ceil((offset * 8) / 6);
    const last = Math.floor((shifted.length * 8) / 6);
    return [shifted.toString('base64').slice(first, last), shifted.toString('base64url').slice(first, last)];
  });
  return [...whole, ...inside];
}
