import type { Executor } from '../db/executor';
import type { SecretUse } from '../domain/secrets/binding';
import type { ExpressionContext } from '../evaluation/evaluator';
import { checkRendered, renderFields } from '../evaluation/steps/render-fields';
import type { Action } from '../integrations/contract';
import type { ActivityDeps } from './deps';
import type { UsedSecret } from './run-secrets';
import type { ActionStepOfRun } from './step';

/** A configuration that contains secrets in plain text, and those secrets. */
export interface RenderedConfig {
  config: unknown;
  used: UsedSecret[];
}

/**
 * Renders the configuration of an action, inserts secrets where its schema accepts them and the author referenced them,
 * and checks the result against the schema. A caller that uses the returned secrets must first record them and add them
 * to the step's mask. The step keeps the rendered configuration with references in place of secrets. Any of the errors
 * below fails the step without a retry.
 * @throws {FermataError} `config_invalid`; `secret_outside` for a reference in a field that accepts no secrets;
 * `secret_not_allowed` for a secret that is bound to other uses
 */
export async function renderConfig(
  db: Executor,
  { evaluator, secrets }: Pick<ActivityDeps, 'evaluator' | 'secrets'>,
  step: ActionStepOfRun,
  { configSchema: schema, execution }: Pick<Action, 'configSchema' | 'execution'>,
  scope: ExpressionContext,
): Promise<RenderedConfig> {
  const own = execution === 'call' ? 'call' : 'effect';
  const fields = await renderFields({ evaluator, db }, step.action.config, schema, scope);
  step.config = fields.shown();
  const uses = new Map<string, SecretUse>(
    [...fields.secrets].map(([name, { inEnvironment }]) => [
      name,
      secretUse(step, inEnvironment ? 'environment' : own),
    ]),
  );
  const values = await secrets.resolve(uses);
  const clear = new Map([...values].map(([name, { value }]) => [name, value]));
  const checked = checkRendered(schema, fields.fill(clear));
  if (!checked.valid) throw checked.error;
  return { config: checked.config, used: [...values.values()] };
}

/** Returns how a step uses a secret, for the check of its binding. */
export function secretUse({ source, action }: ActionStepOfRun, way: SecretUse['way']): SecretUse {
  return { automation: source.facts.automation, action: action.action, way };
}
