import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { knownReferences } from '../../db/secrets';
import { automationJsonSchema } from '../../domain/definition/json-schema';
import { FermataError, type Finding } from '../../domain/errors';
import type { ActionDescription } from '../../domain/registry/action-description';
import type { Registry } from '../../domain/registry/registry';
import { splitBody, type AutomationBodySchemas } from '../automations/input';
import { TAG } from '../automations/deps';
import type { AutomationValidator, KnownReferences } from '../automations/validator';
import { decodeUtf8, isJsonType, mediaTypeOf, parseBody } from '../http/body';
import { ProblemFinding } from '../http/problem';
import { json, readRoute, type Route } from '../http/route';

const Findings = z.array(ProblemFinding);

interface ValidationDeps {
  db: Executor;
  validator: AutomationValidator;
  bodySchemas: AutomationBodySchemas;
  registry: Registry<ActionDescription>;
}

/** Checking documents before they are saved. */
export function automationValidationRoutes({ db, validator, bodySchemas, registry }: ValidationDeps): Route[] {
  const schema = automationJsonSchema(registry);
  return [
    readRoute({
      method: 'post',
      path: '/automations/validate',
      permission: 'automation.read',
      operationId: 'automations.validate',
      tag: TAG,
      summary: 'Everything that is wrong with a document, with line and column when it is YAML',
      bodyFormat: 'raw',
      documentedBody: bodySchemas.create,
      bodyTypes: ['application/json', 'application/yaml'],
      responses: {
        200: {
          description: 'The findings, also when the document is not valid',
          schema: z.object({ valid: z.boolean(), errors: Findings, warnings: Findings }),
        },
      },
      async handler({ raw, request }) {
        const known = await knownReferences(db);
        const { errors, warnings } = validate(validator, known, raw, request.headers['content-type']);
        return json(200, { valid: errors.length === 0, errors, warnings });
      },
    }),
    readRoute({
      method: 'get',
      path: '/schema/automation',
      permission: 'automation.read',
      operationId: 'schema.automation',
      tag: 'Registry',
      summary: 'JSON Schema of the document, for editors',
      responses: { 200: { description: 'The schema', schema: z.record(z.string(), z.unknown()) } },
      handler: () => Promise.resolve(json(200, schema)),
    }),
  ];
}

/** What is wrong with the text itself; everything else that a request can be refused for is no answer about a document. */
const TEXT_ERRORS = new Set(['validation_failed', 'malformed_body', 'limit_exceeded', 'invalid_text']);

/** Text that is no YAML or no JSON is a finding like any other. */
function validate(
  validator: AutomationValidator,
  known: KnownReferences,
  raw: Buffer,
  contentType: string | undefined,
): { errors: Finding[]; warnings: Finding[] } {
  // Whatever it calls itself, a document is an answer's subject and no reason to refuse one; YAML takes JSON as well.
  const isYaml = !isJsonType(mediaTypeOf(contentType));
  try {
    if (isYaml) {
      const text = decodeUtf8(raw);
      const asWritten = validator.validateYaml(text, known);
      // The status beside the document is no part of it.
      if (!asWritten.errors.some(({ path }) => path === 'status')) return asWritten;
    }
    const { value, source } = parseBody(raw, isYaml ? 'application/yaml' : contentType, 'json-or-yaml');
    const { document, findings } = splitBody(value, source?.locate);
    const { errors, warnings } = validator.validate(document, source?.locate, known);
    return { errors: [...findings, ...errors], warnings };
  } catch (error) {
    if (!(error instanceof FermataError) || !TEXT_ERRORS.has(error.code)) throw error;
    const { code, message, errors = [{ path: '', code, message }] } = error;
    return { errors: [...errors], warnings: [] };
  }
}
