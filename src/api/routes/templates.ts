import { z } from 'zod';
import { Instant } from '../../domain/instant';
import type { Clock } from '../../domain/clock';
import { parseInstant } from '../../domain/expressions/instant';
import type { DocumentWork } from '../checks/document-work';
import { json, readRoute, type Route } from '../http/route';

const RenderBody = z.strictObject({
  template: z.unknown().refine((value) => value !== undefined, 'Required'),
  context: z.record(z.string(), z.unknown()).default({}).describe('The scope: `trigger`, `variables`, `artifacts`…'),
  mode: z
    .enum(['template', 'expression'])
    .default('template')
    .describe(
      '`template`: a string with `{{ }}`, or an object of such strings; `expression`: an expression as in filters and conditions',
    ),
  now: Instant.optional().describe('Instant to evaluate at; default: `now` of the context, or the current time'),
});

const Rendered = z.union([
  z.object({ output: z.unknown() }),
  z.object({ error: z.object({ message: z.string(), line: z.int(), column: z.int() }) }),
]);

/**
 * Maximum size of a body in bytes. A body of the default maximum size could contain a scope with 90,000 keys. Rendering
 * that scope would take one second.
 */
const MAX_RENDER_BYTES = 65_536;

/** Returns the routes for testing templates and expressions. */
export function templateRoutes({ work, clock }: { work: DocumentWork; clock: Clock }): Route[] {
  return [
    readRoute({
      method: 'post',
      path: '/templates/render',
      permission: 'automation.read',
      operationId: 'templates.render',
      tag: 'Registry',
      summary: 'Render a template or evaluate an expression with a given context',
      description: 'The body is at most 64 KB.',
      body: RenderBody,
      costly: true,
      maxBodyBytes: MAX_RENDER_BYTES,
      responses: { 200: { description: 'The result; 200 even if the template has an error', schema: Rendered } },
      async handler({ body, raw }) {
        const instant = parseInstant(body.now ?? body.context['now']);
        const now = instant === undefined ? clock.now() : new Date(instant);
        return json(200, await work.run('render', { ...body, now: now.toISOString() }, raw.length));
      },
    }),
  ];
}
