import type { z } from 'zod';
import { messageOf } from '../errors';
import { checkFilters } from './filter-registry';
import { nearest } from './nearest';
import { extractPaths } from './paths';
import { parseBareExpression } from './template';

/**
 * Reports an expression that does not parse or uses an unknown filter. Used for config fields that are not part of the
 * document's grammar. They are evaluated with the built-in filters only.
 */
export function checkExpressionField(source: string, ctx: z.RefinementCtx): void {
  try {
    for (const { message } of checkFilters(parseBareExpression(source).expression)) {
      ctx.addIssue({ code: 'custom', message });
    }
  } catch (error) {
    ctx.addIssue({ code: 'custom', message: messageOf(error) });
  }
}

/** A name that an expression uses and that has no value, with its 1-based position in the expression. */
export interface UnknownName {
  message: string;
  line: number;
  column: number;
}

/** Returns the names in an expression that are not in its scope. Returns none for an expression that does not parse. */
export function unknownNamesIn(source: string, scope: readonly string[]): UnknownName[] {
  let expression;
  try {
    ({ expression } = parseBareExpression(source));
  } catch {
    return [];
  }
  return extractPaths(expression).flatMap(({ segments, line, column }) => {
    const name = String(segments[0]);
    if (scope.includes(name)) return [];
    const meant = nearest(name, scope);
    const hint = meant === undefined ? `Known names: ${scope.join(', ')}` : `Did you mean "${meant}"?`;
    return [{ message: `Unknown name "${name}". ${hint}`, line, column }];
  });
}
