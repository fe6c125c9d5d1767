import type { z } from 'zod';
import type { Executor } from '../../db/executor';
import { formatPlace } from '../../domain/definition/place';
import { isFlagged } from '../../domain/definition/schema-at';
import { outsideKey } from '../../domain/definition/secret-references';
import { FermataError } from '../../domain/errors';
import { parseRendered } from '../../domain/registry/parse-rendered';
import { codeFields } from '../../domain/registry/schema-marks';
import { createReferenceMarks } from '../../domain/secrets/reference-marks';
import { referencesIn } from '../../domain/secrets/references';
import { findingsOf, problemText } from '../../domain/validation/explain';
import type { Evaluator, ExpressionContext } from '../evaluator';

type Config = Record<string, unknown>;

const ENVIRONMENT = ['x-secret-env'];
const SECRET_FIELDS = ['x-secret', ...ENVIRONMENT];

/** A rendered configuration, before the values of secrets are inserted. */
export interface RenderedFields {
  /**
   * Secrets that the author referenced, by name. `inEnvironment` is true if a field of an environment contains a
   * reference.
   */
  secrets: ReadonlyMap<string, { inEnvironment: boolean }>;
  /** Inserts the values of secrets, by name. */
  fill(values: ReadonlyMap<string, string>): Config;
  /** Returns the rendered configuration, with references in place of secrets, and without fields that contain code. */
  shown(): Config;
}

/**
 * Renders the configuration of an action. Fields that contain code are never rendered. Where the schema allows secrets,
 * references that the author wrote are not rendered but kept for `fill`.
 * @throws {FermataError} `secret_outside` for a reference in a field that does not allow secrets
 */
export async function renderFields(
  { evaluator, db }: { evaluator: Evaluator; db: Executor },
  written: Config,
  schema: z.ZodType,
  scope: ExpressionContext,
): Promise<RenderedFields> {
  const key = outsideKey(written);
  if (key !== undefined) throw new FermataError('secret_outside', key);
  const marks = createReferenceMarks();
  const secrets = new Map<string, { inEnvironment: boolean }>();
  const withMarks = mapTexts(written, [], (text, path) => {
    if (isFlagged(schema, path, SECRET_FIELDS)) {
      const isEnvironment = isFlagged(schema, path, ENVIRONMENT);
      for (const name of referencesIn(text)) {
        secrets.set(name, { inEnvironment: isEnvironment || secrets.get(name)?.inEnvironment === true });
      }
      return marks.insert(text);
    }
    const [outside] = referencesIn(text);
    if (outside === undefined) return text;
    const message = `${formatPlace(path)} takes no secrets: \${{ secrets.${outside} }} cannot be used there.`;
    throw new FermataError('secret_outside', message);
  }) as Config;
  const code = codeFields(schema);
  const templates = Object.fromEntries(Object.entries(withMarks).filter(([name]) => !code.has(name)));
  const literal = Object.fromEntries(Object.entries(withMarks).filter(([name]) => code.has(name)));
  const rendered = { ...((await evaluator.render(db, templates, scope)) as Config), ...literal };
  const fill = (values: ReadonlyMap<string, string>) =>
    marks.names.size === 0 ? rendered : (mapTexts(rendered, [], (text) => marks.fill(text, values)) as Config);
  const shown = () => {
    const filled = fill(new Map([...marks.names].map((name) => [name, `\${{ secrets.${name} }}`])));
    return Object.fromEntries(Object.entries(filled).filter(([name]) => !code.has(name)));
  };
  return { secrets, fill, shown };
}

/**
 * Checks a rendered configuration against the schema of its action. Returns the parsed configuration, or a
 * `config_invalid` error that contains all findings.
 */
export function checkRendered<T>(
  schema: z.ZodType<T>,
  config: unknown,
): { valid: true; config: T } | { valid: false; error: FermataError; problem: string } {
  const parsed = parseRendered(schema, config);
  if (parsed.success) return { valid: true, config: parsed.data };
  const errors = findingsOf(parsed.problems);
  const problem = problemText(parsed.problems);
  const message = `The rendered configuration is not valid: ${problem}`;
  return { valid: false, problem, error: new FermataError('config_invalid', message, { errors }) };
}

function mapTexts(
  value: unknown,
  path: readonly PropertyKey[],
  map: (text: string, path: readonly PropertyKey[]) => string,
): unknown {
  if (typeof value === 'string') return map(value, path);
  if (Array.isArray(value)) return value.map((item, index) => mapTexts(item, [...path, index], map));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, mapTexts(child, [...path, key], map)]));
}
