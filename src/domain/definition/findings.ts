import type { Finding } from '../errors';
import type { RawFinding } from './issues';
import { formatPlace } from './place';
import type { Locate } from './yaml-locate';

/**
 * Maximum number of errors and, separately, of warnings. This keeps responses readable when everything in a document is
 * wrong.
 */
const MAX_FINDINGS = 200;

/** A finding. If it concerns a part of an expression, it includes the position of this part within the expression. */
export interface Report extends RawFinding {
  inside?: { line: number; column: number };
}

/** Collects the distinct findings of a validation, up to `MAX_FINDINGS`, and converts their paths to text. */
export class Findings {
  private readonly found = { errors: [] as Finding[], warnings: [] as Finding[] };
  private readonly seen = new Set<string>();

  constructor(private readonly locate?: Locate) {}

  error(report: Report): void {
    this.add(this.found.errors, report, [report.code, report.message, report.inside]);
  }

  /** Adds a warning. A warning that several parts of one expression cause is added once, with the first position. */
  warning(report: Report): void {
    this.add(this.found.warnings, report, [report.code, report.message]);
  }

  /** Whether further warnings are dropped. If true, checks that only warn can be skipped. */
  get warningsAreFull(): boolean {
    return this.found.warnings.length >= MAX_FINDINGS;
  }

  /** Whether further errors and further warnings are dropped. */
  get areFull(): boolean {
    return this.warningsAreFull && this.found.errors.length >= MAX_FINDINGS;
  }

  /**
   * Returns errors in the order of their positions in the text. Errors without a position come first, in the order in
   * which they were found.
   */
  get errors(): Finding[] {
    return inTextOrder(this.found.errors);
  }

  get warnings(): Finding[] {
    return inTextOrder(this.found.warnings);
  }

  private add(list: Finding[], { path, code, message, atKey, inside }: Report, key: readonly unknown[]): void {
    if (list.length >= MAX_FINDINGS) return;
    const place = formatPlace(path);
    const identity = JSON.stringify([place, ...key]);
    if (this.seen.has(identity)) return;
    this.seen.add(identity);
    const exact = inside && this.locate?.(place, { inside });
    const within = inside && !exact ? ` (line ${inside.line}, column ${inside.column})` : '';
    const position = exact ?? this.locate?.(place, { key: atKey === true });
    list.push({ path: place, message: `${message}${within}`, code, ...position });
  }
}

/** Returns findings in the order of their positions in the text. Those without a position come first. */
export function inTextOrder(findings: readonly Finding[]): Finding[] {
  const order = ({ line = 0, column = 0 }: Finding) => line * 1_000_000 + column;
  return [...findings].sort((a, b) => order(a) - order(b));
}
