import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { knownReferences } from '../../db/known-references';
import { automationJsonSchema } from '../../domain/definition/json-schema';
import { scopeSchemasOf } from '../../domain/definition/scope-schemas';
import { FermataError } from '../../domain/errors';
import { lazily } from '../../domain/lazily';
import type { ActionDescription } from '../../domain/registry/action-description';
import type { Registry } from '../../domain/registry/registry';
import type { AutomationBodySchemas } from '../automations/input';
import { TAG } from '../automations/deps';
import type { AutomationValidator, KnownReferences } from '../automations/validator';
import type { TextFindings } from '../checks/document-checks';
import { decodeUtf8 } from '../http/body';
import { ProblemFinding } from '../http/problem';
import { json, readRoute, type Route } from '../http/route';

const Findings = z.array(ProblemFinding);
const JsonSchema = z.record(z.string(), z.unknown());

const ScopeAnswer = z
  .object({
    payloads: z.record(z.string(), JsonSchema).describe('By event'),
    kinds: z.record(z.string(), JsonSchema).describe('Built-in entity kinds'),
    health: JsonSchema.nullable().describe('`health.system` and each of `health.systems`'),
  })
  .meta({ id: 'ScopeSchemas' });

interface ValidationDeps {
  db: Executor;
  validator: AutomationValidator;
  bodySchemas: () => AutomationBodySchemas;
  registry: Registry<ActionDescription>;
}

/** Returns the routes that validate documents before they are saved. */
export function automationValidationRoutes({ db, validator, bodySchemas, registry }: ValidationDeps): Route[] {
  const schema = lazily(() => automationJsonSchema(registry));
  const scope = lazily(() => {
    const { payloads, kinds, health } = scopeSchemasOf(registry);
    return { payloads: Object.fromEntries(payloads), kinds: Object.fromEntries(kinds), health: health ?? null };
  });
  return [
    readRoute({
      method: 'post',
      path: '/automations/validate',
      permission: 'automation.read',
      operationId: 'automations.validate',
      tag: TAG,
      summary: 'Validate a document and list all findings, with line and column when it is YAML',
      bodyFormat: 'raw',
      costly: true,
      documentedBody: () => bodySchemas().create,
      bodyTypes: ['application/json', 'application/yaml'],
      responses: {
        200: {
          description: 'The findings; 200 even if the document is not valid',
          schema: z.object({ valid: z.boolean(), errors: Findings, warnings: Findings }),
        },
      },
      async handler({ raw, request }) {
        const known = await knownReferences(db);
        const { errors, warnings } = await findingsOf(validator, known, raw, request.headers['content-type']);
        return json(200, { valid: errors.length === 0, errors, warnings });
      },
    }),
    readRoute({
      method: 'get',
      path: '/schema/automation',
      permission: 'automation.read',
      operationId: 'schema.automation',
      tag: 'Registry',
      summary: 'Get the JSON Schema of the document, for editors',
      responses: { 200: { description: 'The schema', schema: z.record(z.string(), z.unknown()) } },
      handler: () => Promise.resolve(json(200, schema())),
    }),
    readRoute({
      method: 'get',
      path: '/schema/scope',
      permission: 'automation.read',
      operationId: 'schema.scope',
      tag: 'Registry',
      summary:
        'Get the JSON Schemas of what expressions read: payloads by event, state by entity kind, health of a system',
      responses: { 200: { description: 'The schemas', schema: ScopeAnswer } },
      handler: () => Promise.resolve(json(200, scope())),
    }),
  ];
}

/** Returns the findings for a body. A body that is not UTF-8 is also reported as a finding. */
async function findingsOf(
  validator: AutomationValidator,
  known: KnownReferences,
  raw: Buffer,
  contentType: string | undefined,
): Promise<TextFindings> {
  let text: string;
  try {
    text = decodeUtf8(raw);
  } catch (error) {
    if (!(error instanceof FermataError)) throw error;
    const { code, message, errors = [{ path: '', code, message }] } = error;
    return { errors: [...errors], warnings: [] };
  }
  return validator.validateText(text, contentType, known);
}
