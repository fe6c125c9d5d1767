/**
 * Escapes text for one line of Markdown in the Web UI: no line breaks, no markup, limited length. This is necessary
 * because names are written by authors and context keys come from external data.
 */
export function markdownLine(text: string, limit: number): string {
  const flat = text.replace(/\s+/g, ' ').replace(/([\\`*_[\]<>])/g, '\\$1');
  return flat.length > limit ? `${flat.slice(0, limit - 1)}…` : flat;
}
