/** Maximum text length in characters. Jira's limit of 32,767 includes the markup, which grows with each line. */
export const MAX_TEXT = 30_000;

/**
 * Converts plain text to Atlassian Document Format. Blank lines separate paragraphs, and other line ends become line
 * breaks.
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
