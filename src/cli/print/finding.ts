import type { Finding } from '../../domain/errors';
import { textWidth } from '../../domain/text-width';
import { paint, plain } from './paint';

/** A finding and the text of its file. */
export interface LocatedFinding {
  finding: Finding;
  severity: 'error' | 'warning';
  file: string;
  lines: readonly string[];
}

/** Width of the source excerpt. For longer lines, only a window around the position is shown. */
const EXCERPT_WIDTH = 100;
const HINT = /^([\s\S]*?)[.;] ((?:Did you mean|Known here|There are|It is possible with)[\s\S]*)$/;

function excerpt(text: string, column: number): { shown: string; caret: string } {
  const flat = text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, ' ');
  const from = Math.max(0, Math.min(column - 1 - EXCERPT_WIDTH / 2, flat.length - EXCERPT_WIDTH));
  const shown = flat.slice(from, from + EXCERPT_WIDTH);
  return { shown, caret: `${' '.repeat(textWidth(shown.slice(0, Math.max(0, column - 1 - from))))}^` };
}

/**
 * Returns a finding in the format that compilers use: `file:line:column: error: message [code]`, the source line with a
 * caret below the position, and the hint on a separate line.
 */
export function renderFinding({ finding, severity, file, lines }: LocatedFinding, colours: boolean): string {
  const { line, column = 1, path, message, code } = finding;
  const [, problem = message, hint] = HINT.exec(message) ?? [];
  const tone = severity === 'error' ? 'bad' : 'waiting';
  const place = line === undefined ? file : `${file}:${line}:${column}`;
  const inDocument = path === '' ? '' : ` at ${plain(path)}`;
  const rendered = [
    `${paint(place, 'strong', colours)}: ${paint(severity, tone, colours)}: ${plain(problem)} ${paint(`[${code}]`, 'quiet', colours)}`,
  ];
  const gutter = ' '.repeat(String(line ?? '').length);
  const source = line === undefined ? undefined : lines[line - 1];
  if (source !== undefined && line !== undefined) {
    const { shown, caret } = excerpt(source, column);
    rendered.push(
      ` ${line} | ${shown}`,
      ` ${gutter} | ${paint(caret, tone, colours)}${paint(inDocument, 'quiet', colours)}`,
    );
  }
  if (hint !== undefined) rendered.push(` ${gutter} = ${plain(hint)}`);
  return rendered.join('\n');
}
