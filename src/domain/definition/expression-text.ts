import { z } from 'zod';

/**
 * A bare expression: `filter`, `when`, `for_each`… The schema only requires that it is not empty. The validator parses
 * it and reports errors with line and column.
 */
export const ExpressionText = z.string().min(1).meta({
  id: 'Expression',
  description: 'An expression without braces, e.g. trigger.payload.newStatus == "unhealthy"',
});

/** Text that may contain `{{ expression }}`. */
export const TemplateText = z.string().describe('A string; {{ expression }} is replaced');

/** Any JSON map. The schema of the event or action defines the meaning of its keys. */
export const JsonMap = z.record(z.string(), z.unknown());

/** `enabled` of a step: true, false or an expression. */
export const Enabled = z
  .union([z.boolean(), ExpressionText], { error: 'not a switch' })
  .describe('When false, or an expression that is false, the step is skipped');
