/**
 * Escapes text for one line of the Web UI's Markdown: no line breaks, no markup, limited length. Names come from
 * authors, context keys from outside.
 */
export function markdownLine(text: string, limit: number): string {
  const flat = text.replace(/\s+/g, ' ').replace(/([\\`*_[\]<>])/g, '\\$1');
  return flat.length > limit ? `${flat.slice(0, limit - 1)}…` : flat;
}
