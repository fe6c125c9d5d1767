import type { z } from 'zod';
import type { Executor } from '../db/executor';
import type { ProviderAction } from '../domain/definition/action';
import { FermataError, type Finding } from '../domain/errors';
import { codeFields } from '../domain/registry/schema-marks';
import type { Evaluator, EvaluationScope } from '../providers/evaluator';

const SECRET = /\$\{\{\s*secrets\.([^\s}]+)\s*\}\}/;

/**
 * Renders the configuration of an action and checks it against the action's schema. Fields that hold code are never
 * rendered. @throws {FermataError} config_invalid, which fails the step without a retry.
 */
export async function renderConfig(
  db: Executor,
  evaluator: Evaluator,
  step: ProviderAction,
  schema: z.ZodType,
  scope: EvaluationScope,
): Promise<unknown> {
  const code = codeFields(schema);
  const templates = Object.fromEntries(Object.entries(step.config).filter(([key]) => !code.has(key)));
  const literal = Object.fromEntries(Object.entries(step.config).filter(([key]) => code.has(key)));
  const rendered = (await evaluator.render(db, templates, scope)) as Record<string, unknown>;
  const config = { ...rendered, ...literal };
  // Looked for in what the author wrote: the same text in somebody's data is only text.
  const secret = SECRET.exec(JSON.stringify(step.config))?.[1];
  if (secret !== undefined) {
    throw new FermataError(
      'config_invalid',
      `The secret "${secret}" cannot be resolved: secrets are not supported yet.`,
    );
  }
  const parsed = schema.safeParse(config);
  if (parsed.success) return parsed.data;
  const errors: Finding[] = parsed.error.issues.map((issue) => ({
    path: issue.path.map(String).join('.'),
    message: issue.message,
    code: issue.code ?? 'invalid',
  }));
  const text = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  throw new FermataError('config_invalid', `The rendered configuration is not valid: ${text}`, { errors });
}
