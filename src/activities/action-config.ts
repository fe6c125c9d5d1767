import type { Executor } from '../db/executor';
import { outsideKey } from '../domain/definition/secret-references';
import { isFlagged } from '../domain/definition/schema-at';
import { FermataError, type Finding } from '../domain/errors';
import { parseRendered } from '../domain/registry/parse-rendered';
import { codeFields } from '../domain/registry/schema-marks';
import { holdReferences } from '../domain/secrets/hold-references';
import { referencesIn } from '../domain/secrets/references';
import type { SecretUse } from '../domain/secrets/binding';
import type { ExpressionContext } from '../evaluation/evaluator';
import type { Action } from '../integrations/contract';
import type { ActivityDeps } from './deps';
import type { UsedSecret } from './run-secrets';
import type { ActionStepOfRun } from './step';

/** A configuration in clear, with the secrets that are in it. */
export interface RenderedConfig {
  config: unknown;
  used: UsedSecret[];
}

const ENVIRONMENT = ['x-secret-env'];
const SECRET_FIELDS = ['x-secret', ...ENVIRONMENT];

/**
 * Renders the configuration of an action, puts secrets in where its schema takes them and the author wrote them, and checks
 * it against the schema. Fields that hold code are never rendered. The step's mask hides the secrets from then on.
 * @throws {FermataError} config_invalid, secret_outside for a reference in a field that takes none, secret_not_allowed for a
 * secret that is bound to other uses; all fail the step without a retry.
 */
export async function renderConfig(
  db: Executor,
  { evaluator, secrets }: Pick<ActivityDeps, 'evaluator' | 'secrets'>,
  step: ActionStepOfRun,
  { configSchema: schema, execution }: Pick<Action, 'configSchema' | 'execution'>,
  scope: ExpressionContext,
): Promise<RenderedConfig> {
  const code = codeFields(schema);
  const held = holdReferences();
  const uses = new Map<string, SecretUse>();
  const own = execution === 'call' ? 'call' : 'effect';
  const takesSecret = (path: readonly PropertyKey[]) => isFlagged(schema, path, SECRET_FIELDS);
  const key = outsideKey(step.action.config);
  if (key !== undefined) throw new FermataError('secret_outside', key);
  const written = mapTexts(step.action.config, [], (text, path) => {
    if (takesSecret(path)) {
      const inEnvironment = isFlagged(schema, path, ENVIRONMENT);
      for (const name of referencesIn(text)) {
        const way = inEnvironment || uses.get(name)?.way === 'environment' ? 'environment' : own;
        uses.set(name, secretUse(step, way));
      }
      return held.hold(text);
    }
    const [outside] = referencesIn(text);
    if (outside === undefined) return text;
    const message = `${path.map(String).join('.')} takes no secrets: \${{ secrets.${outside} }} cannot be used there.`;
    throw new FermataError('secret_outside', message);
  }) as Config;
  const templates = Object.fromEntries(Object.entries(written).filter(([key]) => !code.has(key)));
  const literal = Object.fromEntries(Object.entries(written).filter(([key]) => code.has(key)));
  const rendered = { ...((await evaluator.render(db, templates, scope)) as Config), ...literal };
  const values = await secrets.resolve(uses);
  const used = [...values.values()];
  const clear = new Map([...values].map(([name, { value }]) => [name, value]));
  const config = held.names.size === 0 ? rendered : mapTexts(rendered, [], (text) => held.fill(text, clear));
  const parsed = parseRendered(schema, config);
  if (parsed.success) return { config: parsed.data, used };
  const errors: Finding[] = parsed.issues.map((issue) => ({
    path: issue.path.map(String).join('.'),
    message: issue.message,
    code: issue.code ?? 'invalid',
  }));
  const text = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  throw new FermataError('config_invalid', `The rendered configuration is not valid: ${text}`, { errors });
}

type Config = Record<string, unknown>;

/** How a step uses a secret. */
export function secretUse({ source, action }: ActionStepOfRun, way: SecretUse['way']): SecretUse {
  return { automation: source.facts.automation, action: action.action, way };
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
