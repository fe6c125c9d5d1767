/**
 * Returns a key in the form `label=value,…`, in the order of `groupBy`. A missing label becomes `label=`. The
 * characters `,`, `=` and `\` are escaped with `\`.
 */
export function groupedKey(groupBy: readonly string[], labels: Readonly<Record<string, unknown>>): string {
  return groupBy
    .map((name) => {
      const value = Object.hasOwn(labels, name) ? labels[name] : '';
      return `${escaped(name)}=${escaped(typeof value === 'string' ? value : '')}`;
    })
    .join(',');
}

const escaped = (text: string): string => text.replace(/[,=\\]/g, '\\$&');

/** Returns the labels in a grouped key, or null when the text is not a grouped key. */
export function labelsOfKey(key: string): [name: string, value: string][] | null {
  const parts = key.match(/(?:[^,\\]|\\.)+/gs) ?? [];
  const pairs = parts.map((part) => /^((?:[^=\\]|\\.)+)=((?:[^=\\]|\\.)*)$/s.exec(part));
  if (pairs.length === 0 || pairs.some((pair) => pair === null)) return null;
  return pairs.flatMap((pair) => (pair === null ? [] : [[unescaped(pair[1]), unescaped(pair[2])]]));
}

const unescaped = (text = ''): string => text.replace(/\\(.)/gs, '$1');
