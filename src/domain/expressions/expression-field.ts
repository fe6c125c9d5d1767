import type { z } from 'zod';
import { messageOf } from '../errors';
import { checkFilters } from './filter-registry';
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
