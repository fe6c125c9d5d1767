import { z } from 'zod';
import { checkExpressionField, unknownNamesIn } from '../expressions/expression-field';

/** Returns the schema of an expression without braces, which can use these names. It is checked when the hook is saved. */
const expressionOver = (...names: string[]) =>
  z
    .string()
    .min(1)
    .max(2_000)
    .superRefine(checkExpressionField)
    .superRefine((source, ctx) => {
      for (const { message } of unknownNamesIn(source, names)) ctx.addIssue({ code: 'custom', message });
    });

const REQUEST = ['body', 'headers', 'query'];
const Expression = expressionOver('item', ...REQUEST);

/**
 * How a hook extracts alerts from JSON. All fields are bare expressions over `body`, `headers` and `query`. All fields
 * except `each` can also use `item`.
 */
export const AlertMapping = z.strictObject({
  each: expressionOver(...REQUEST)
    .optional()
    .describe('List of elements; default: one element, the body'),
  fingerprint: Expression.describe('Identifies the alert across messages'),
  status: Expression.describe('firing or resolved, or true or false'),
  name: Expression.optional().describe('Label alertname; default: the name of the hook'),
  severity: Expression.optional().describe('Label severity; default: warning'),
  labels: Expression.optional().describe('Object of labels'),
  annotations: Expression.optional().describe('Object of annotations; runbook_url is the link to the runbook'),
});
export type AlertMapping = z.infer<typeof AlertMapping>;
