/** Longest text in characters. Jira counts 32,767 with the markup, of which each line takes some. */
export const MAX_TEXT = 30_000;

/**
 * Converts plain text to Atlassian's document format: a paragraph for each blank line, a line break for each other one.
 */
export function toAdf(text: string): Record<string, unknown> {
  const paragraphs = text.split(/\r?\n\s*\r?\n/).map((paragraph) => ({
    type: 'paragraph',
    content: paragraph
      .split(/\r?\n/)
      .flatMap((line, index) => [
        ...(index > 0 ? [{ type: 'hardBreak' }] : []),
        ...(line === '' ? [] : [{ type: 'text', text: line }]),
      ]),
  }));
  return { type: 'doc', version: 1, content: paragraphs };
}
