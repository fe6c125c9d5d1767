import type { Expression } from '../expressions/ast';
import { ExpressionError } from '../expressions/error';
import { expressionsOf } from '../expressions/expression-source';
import { checkFilters, type FilterRegistry } from '../expressions/filter-registry';
import { nearest } from '../expressions/nearest';
import { extractPaths } from '../expressions/paths';
import { extractReferences } from '../expressions/references';
import { isTemplate, parseBareExpression, parseTemplate } from '../expressions/template';
import type { Findings } from './findings';
import type { Segment } from './place';
import { SCOPE_ROOTS } from './scope-roots';
import { visitTexts } from './secret-references';
import type { ExpressionUse, TextMode } from './walk';

const ROOTS = Object.keys(SCOPE_ROOTS);

/** A parsed expression with its path. */
export interface ParsedUse {
  expression: Expression;
  path: Segment[];
  actionsBefore: ExpressionUse['actionsBefore'];
}

type Parsed = { expressions: readonly Expression[]; warning?: string };

function parse(text: string, mode: TextMode): Parsed {
  if (mode === 'template' || (mode === 'either' && isTemplate(text))) {
    return { expressions: isTemplate(text) ? expressionsOf(parseTemplate(text)) : [] };
  }
  const { expression, warning } = parseBareExpression(text);
  return { expressions: [expression], ...(warning !== undefined && { warning }) };
}

function reportError(error: unknown, path: Segment[], code: string, findings: Findings): void {
  if (!(error instanceof ExpressionError)) throw error;
  const { line, column, problem } = error;
  findings.error({ path, code, message: problem, inside: { line, column } });
}

function parseOrReport(text: string, path: Segment[], mode: TextMode, findings: Findings): readonly Expression[] {
  try {
    const { expressions, warning } = parse(text, mode);
    if (warning !== undefined) findings.warning({ path, code: 'stray_braces', message: warning });
    return expressions;
  } catch (error) {
    reportError(error, path, mode === 'expression' && isTemplate(text) ? 'stray_braces' : 'expression_error', findings);
    return [];
  }
}

/** Words that YAML 1.1 and other systems read as boolean values. In these documents, they are text. */
const TRUTH_WORDS = new Map([
  ...['yes', 'y', 'on', 'enabled', 'True', 'TRUE'].map((word) => [word, 'true'] as const),
  ...['no', 'n', 'off', 'disabled', 'False', 'FALSE'].map((word) => [word, 'false'] as const),
]);

/**
 * Keys of bare expressions whose result is a number, a list or text. The result of every other bare expression is a
 * boolean.
 */
const NOT_TRUTH: readonly Segment[] = ['value', 'for_each', 'count', 'partitionBy', 'template'];

/**
 * Reports a boolean expression that consists only of an unknown name, because it would always be false. Returns whether
 * the expression was reported.
 */
function checkBareName({ root }: Expression, path: Segment[], findings: Findings): boolean {
  if (root.kind !== 'name' || ROOTS.includes(root.name) || NOT_TRUTH.includes(path.at(-1) ?? '')) return false;
  const truth = TRUTH_WORDS.get(root.name) ?? TRUTH_WORDS.get(root.name.toLowerCase());
  const meant = nearest(root.name, ROOTS);
  const hint =
    truth !== undefined
      ? `"${root.name}" is not a truth value here: write ${truth}`
      : `"${root.name}" has no value here. ${meant === undefined ? `Known names: ${ROOTS.join(', ')}` : `Did you mean "${meant}"?`}`;
  findings.error({ path, code: 'unknown_name', message: hint, inside: { line: 1, column: 1 } });
  return true;
}

/**
 * Warns about a root that does not exist in the scope. At run time, an unknown name has no value and is not an error,
 * but in a document it is always a mistake.
 */
function checkRoots(expression: Expression, path: Segment[], findings: Findings): void {
  for (const { segments, line, column } of extractPaths(expression)) {
    const root = String(segments[0]);
    if (findings.warningsAreFull) return;
    if (ROOTS.includes(root)) continue;
    const meant = nearest(root, ROOTS);
    const secret = 'Secrets are written ${{ secrets.NAME }}, in fields that take them';
    const others = root === 'secrets' ? secret : `Known names: ${ROOTS.join(', ')}`;
    const hint = meant === undefined ? others : `Did you mean "${meant}"?`;
    findings.warning({
      path,
      code: 'unknown_name',
      message: `Unknown name "${root}". ${hint}`,
      inside: { line, column },
    });
  }
}

/**
 * Warns about references to entities whose kind is known only at run time. A search by entity does not find the
 * automation, and such an entity wakes a wait only if its kind can be determined when the wait is evaluated.
 */
function checkReferences(expression: Expression, path: Segment[], findings: Findings): void {
  for (const inside of extractReferences(expression).indeterminateAt) {
    const message =
      'The kind of entity that this reads is known only at run time: write the kind out, as in state.incident[…]. A wait whose kind is not known by then is evaluated again by its clock and timeout only';
    findings.warning({ path, code: 'indeterminate_reference', message, inside });
  }
}

/**
 * Parses every expression in an `ExpressionUse`, and checks its filters and names. Returns the parsed expressions,
 * whose paths are checked later. Strings for which `isCode` returns true are skipped.
 */
export function checkExpressions(
  { value, path, mode, actionsBefore }: ExpressionUse,
  filters: FilterRegistry,
  findings: Findings,
  isCode: (path: readonly Segment[]) => boolean = () => false,
): ParsedUse[] {
  const uses: ParsedUse[] = [];
  if (findings.areFull || (mode !== 'template' && typeof value !== 'string')) return uses;
  visitTexts(value, path, (text, place) => {
    if ((mode === 'template' && !isTemplate(text)) || isCode(place)) return;
    const at = [...place];
    for (const expression of parseOrReport(text, at, mode, findings)) {
      for (const error of checkFilters(expression, filters)) reportError(error, at, 'unknown_filter', findings);
      if (mode === 'template' || !checkBareName(expression, at, findings)) checkRoots(expression, at, findings);
      checkReferences(expression, at, findings);
      uses.push({ expression, path: at, actionsBefore });
    }
  });
  return uses;
}
