/** Matches a string or a number literal. Strings come first, so that digits inside them do not match as numbers. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/**
 * Matches long sequences of digits and exponents of three digits. Only input that matches can contain a number that
 * must be converted to a string.
 */
const SUSPECT = /\d{16}|[eE]\+?\d{3}/;

/**
 * Parses JSON without silently changing a number. An integer beyond ±(2^53 − 1), or a number beyond the range of a
 * double, becomes a string with its exact digits. Decimal fractions are rounded to the nearest double, as usual.
 * @throws {SyntaxError} when the text is not JSON
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!SUSPECT.test(text)) return value;
  return JSON.parse(text.replace(TOKEN, (token) => (isExact(token) ? token : `"${token}"`)));
}

function isExact(token: string): boolean {
  if (token.startsWith('"')) return true;
  const number = Number(token);
  return /^-?\d+$/.test(token) ? Number.isSafeInteger(number) : Number.isFinite(number);
}
