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
import { visitTexts } from './secret-references';
import type { ExpressionUse, TextMode } from './walk';

/** Names that an expression can start with (expressions.md, "Scope"). */
const ROOTS = [
  'trigger',
  'variables',
  'vars',
  'var',
  'artifacts',
  'repeat',
  'wait',
  'resume',
  'state',
  'health',
  'now',
  'run',
  'automation',
];

/** One parsed expression and where it stands. */
export interface ParsedUse {
  expression: Expression;
  path: Segment[];
  made: ExpressionUse['made'];
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

/** A root that is a misspelt name of the scope: no error, since a missing path is none, but never what was meant. */
function checkRoots(expression: Expression, path: Segment[], findings: Findings): void {
  for (const { segments, line, column } of extractPaths(expression)) {
    const root = String(segments[0]);
    if (findings.warningsAreFull) return;
    if (ROOTS.includes(root)) continue;
    const meant = nearest(root, ROOTS);
    const secret = 'Secrets are written ${{ secrets.NAME }}, in fields that take them';
    const others = root === 'secrets' ? secret : `There are ${ROOTS.join(', ')}`;
    const hint = meant === undefined ? others : `Did you mean "${meant}"?`;
    findings.warning({
      path,
      code: 'unknown_name',
      message: `Nothing is called "${root}" here. ${hint}`,
      inside: { line, column },
    });
  }
}

/** What is read cannot be told beforehand: nothing wakes a wait on it, and nobody finds this automation by the entity. */
function checkReferences(expression: Expression, path: Segment[], findings: Findings): void {
  for (const inside of extractReferences(expression).indeterminateAt) {
    const message =
      'Which kind of entity this reads is only known while it runs: write the kind out, as in state.incident[…]. A wait whose kind cannot be told by then looks again by its clock and timeout only';
    findings.warning({ path, code: 'indeterminate_reference', message, inside });
  }
}

/**
 * Parses every expression of a use and checks filters and names. Returns what parsed, for the checks that look into
 * paths. Texts for which `isCode` says so are not read.
 */
export function checkExpressions(
  { value, path, mode, made }: ExpressionUse,
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
      checkRoots(expression, at, findings);
      checkReferences(expression, at, findings);
      uses.push({ expression, path: at, made });
    }
  });
  return uses;
}
