import { MIN_SECRET_LENGTH } from './min-length';

/** Minimum length, in characters, at which a part of a URL is masked. */
const MIN_PART_LENGTH = 8;
/** Minimum length, in characters, at which text that consists of words is masked. */
const MIN_WORDS_LENGTH = 20;
/** Maximum number of segments and of query values of a URL that are masked. */
const MAX_PARTS = 100;

/**
 * Returns the parts of an http(s) URL that a receiver may repeat: its path with and without the query, long segments of
 * the path, long query values, and the user and password. Each is returned as it is sent and with its escapes resolved.
 * Segments and query values that are words, such as `services` or `sendMessage`, or a date are left out. Returns an empty
 * list for other text.
 */
export function urlParts(text: string): string[] {
  if (!/^\s*https?:\/\//i.test(text) || !URL.canParse(text)) return [];
  const { pathname, search, searchParams, username, password } = new URL(text);
  const path = pathname.replace(/\/$/, '');
  const segments = path.split('/').slice(1, MAX_PARTS + 1);
  const long = (part: string) => part.length >= MIN_PART_LENGTH;
  const secret = (part: string) => long(part) && !isPlain(part);
  const isOneWord = segments.length === 1 && segments.every(isPlain);
  const values = [...searchParams.values()].slice(0, MAX_PARTS);
  // A query value is sent with its escapes, which the URL's own text shows.
  const sent = search
    .slice(1)
    .split('&', MAX_PARTS)
    .map((pair) => pair.slice(pair.indexOf('=') + 1));
  return [
    ...(isOneWord ? [] : bothForms(path).filter(long)),
    ...(search === '' ? [] : bothForms(pathname + search).filter(long)),
    ...[...segments.flatMap(bothForms), ...values, ...sent].filter(secret),
    ...bothForms(username).filter(secret),
    ...bothForms(password).filter(({ length }) => length >= MIN_SECRET_LENGTH),
  ];
}

/** Returns text with its percent escapes and with the escapes resolved, if they are valid. */
function bothForms(text: string): string[] {
  try {
    return [text, decodeURIComponent(text)];
  } catch {
    return [text];
  }
}

/** Returns whether text is a date, or short and consists of words in lower case, camel case or title case. */
function isPlain(text: string): boolean {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return true;
  if (text.length >= MIN_WORDS_LENGTH) return false;
  return text.split(/[-_./]|(?<=[a-z])(?=[A-Z])/).every((word) => /^[A-Z]?[a-z]{2,}$/.test(word));
}
