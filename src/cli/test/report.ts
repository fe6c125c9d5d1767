import { paint, plain } from '../print/paint';
import type { Output } from '../print/output';
import { renderFinding } from '../print/finding';
import type { Finding } from '../../domain/errors';
import { durationText } from './duration-text';
import type { Failure } from './run-test';
import type { ReadFile } from './test-file';

/** The result of a test. */
export interface TestReport {
  name: string;
  passed: boolean;
  line?: number;
  failures: (Omit<Failure, 'atMs'> & { at: string; line?: number; column?: number })[];
}

/** The results of a file's tests, or the errors in the file. */
export interface FileReport {
  file: string;
  passed: boolean;
  errors: Finding[];
  tests: TestReport[];
}

/** Returns the report of a test, in which each failure has its position in the file. */
export function reportOf({ locate }: ReadFile, name: string, place: string, failures: readonly Failure[]): TestReport {
  const line = locate(`${place}.name`)?.line;
  return {
    name,
    passed: failures.length === 0,
    ...(line === undefined ? {} : { line }),
    failures: failures.map(({ atMs, ...failure }) => ({ ...failure, at: durationText(atMs), ...locate(failure.path) })),
  };
}

/** Prints a line for a finished test, with its failures below. */
export function printTest(output: Output, file: string, { name, passed, failures }: TestReport): void {
  const { colours, line } = output;
  line(`${passed ? paint('ok    ', 'good', colours) : paint('FAILED', 'bad', colours)} ${plain(name)}`);
  for (const failure of failures) {
    const { at, line: lineNumber, column, path, message } = failure;
    const place = lineNumber === undefined ? file : `${file}:${lineNumber}:${column ?? 1}`;
    line(`       ${paint(place, 'strong', colours)} ${paint(`after ${at}, ${path}`, 'quiet', colours)}`);
    if (message !== undefined) line(`         ${plain(message)}`);
    else {
      line(`         ${paint(`- expected ${indented(failure.expected)}`, 'good', colours)}`);
      line(`         ${paint(`+ found    ${indented(failure.found)}`, 'bad', colours)}`);
    }
  }
}

/** Prints the errors in a file that prevent its tests from running. */
export function printErrors(output: Output, { file, lines }: ReadFile, errors: readonly Finding[]): void {
  for (const finding of errors) output.line(renderFinding({ finding, severity: 'error', file, lines }, output.colours));
}

function indented(value: unknown): string {
  const text = typeof value === 'string' && value.includes('\n') ? value : (JSON.stringify(value) ?? 'nothing');
  return text
    .split('\n')
    .map((line) => plain(line))
    .join('\n                    ');
}
