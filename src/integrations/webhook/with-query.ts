type Value = string | number | boolean | null;

/**
 * Returns a URL with encoded parameters added after its existing parameters. A null value omits the parameter, and a
 * list repeats it.
 */
export function withQuery(text: string, query: Readonly<Record<string, Value | readonly Value[]>> = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().flatMap((one) => (one === null ? [] : [`${encode(name)}=${encode(String(one))}`])),
  );
  if (pairs.length === 0) return text;
  const url = new URL(text);
  url.search = [url.search.replace(/^\?/, ''), ...pairs].filter((part) => part !== '').join('&');
  return url.href;
}

const encode = (text: string): string => encodeURIComponent(text.toWellFormed());
