import { z } from 'zod';
import { Instant } from '../../domain/instant';
import type { Clock } from '../../domain/clock';
import { withAliases } from '../../domain/expressions/aliases';
import { ExpressionError } from '../../domain/expressions/error';
import { evaluate } from '../../domain/expressions/evaluate';
import type { FilterRegistry } from '../../domain/expressions/filter-registry';
import { parseInstant } from '../../domain/expressions/instant';
import { parseBareExpression, renderTemplate } from '../../domain/expressions/template';
import { json, readRoute, type Route } from '../http/route';

const RenderBody = z.strictObject({
  template: z.unknown().refine((value) => value !== undefined, 'Required'),
  context: z.record(z.string(), z.unknown()).default({}).describe('The scope: `trigger`, `variables`, `artifacts`…'),
  mode: z
    .enum(['template', 'expression'])
    .default('template')
    .describe('`template`: text with `{{ }}`, or an object of such; `expression`: as in filters and conditions'),
  now: Instant.optional().describe('The instant to evaluate at; default: that of the context, else the real one'),
});

const Rendered = z.union([
  z.object({ output: z.unknown() }),
  z.object({ error: z.object({ message: z.string(), line: z.int(), column: z.int() }) }),
]);

/** Trying out what people write. */
export function templateRoutes({ filters, clock }: { filters: FilterRegistry; clock: Clock }): Route[] {
  return [
    readRoute({
      method: 'post',
      path: '/templates/render',
      permission: 'automation.read',
      operationId: 'templates.render',
      tag: 'Registry',
      summary: 'Render a template or evaluate an expression over a context',
      body: RenderBody,
      responses: { 200: { description: 'The result; an error in the template is a result too', schema: Rendered } },
      handler: ({ body }) => {
        const instant = parseInstant(body.now ?? body.context['now']);
        const now = instant === undefined ? clock.now() : new Date(instant);
        return Promise.resolve(json(200, render({ ...body, now, filters })));
      },
    }),
  ];
}

function render(input: {
  template: unknown;
  context: Record<string, unknown>;
  mode: 'template' | 'expression';
  now: Date;
  filters: FilterRegistry;
}): z.infer<typeof Rendered> {
  const { template, now, filters } = input;
  const scope = withAliases({ ...input.context, now: now.toISOString() });
  try {
    if (input.mode === 'template') return { output: renderTemplate(template, scope, { now, filters }) ?? null };
    const { expression } = parseBareExpression(String(template));
    return { output: evaluate(expression, scope, { now, filters }) ?? null };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { error: { message: error.problem, line: error.line, column: error.column } };
  }
}
