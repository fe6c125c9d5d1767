/** `label=value,…` in the order of `groupBy`, a missing label as `label=`; `,` `=` `\` are escaped by `\`. */
export function groupedKey(groupBy: readonly string[], labels: Readonly<Record<string, unknown>>): string {
  return groupBy
    .map((name) => {
      const value = Object.hasOwn(labels, name) ? labels[name] : '';
      return `${escaped(name)}=${escaped(typeof value === 'string' ? value : '')}`;
    })
    .join(',');
}

const escaped = (text: string): string => text.replace(/[,=\\]/g, '\\$&');
