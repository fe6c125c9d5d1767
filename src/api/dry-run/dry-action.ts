import type { Executor } from '../../db/executor';
import type { ProviderAction } from '../../domain/definition/action';
import { FermataError } from '../../domain/errors';
import type { Registry } from '../../domain/registry/registry';
import type { Evaluator, ExpressionContext } from '../../evaluation/evaluator';
import { isEnabled } from '../../evaluation/steps/enabled';
import type { EvaluatedStep } from '../../evaluation/steps/evaluated';
import { checkRendered, renderFields } from '../../evaluation/steps/render-fields';
import type { DryMemory } from './dry-memory';

interface Deps {
  db: Executor;
  evaluator: Evaluator;
  registry: Registry;
  memory: DryMemory;
}

interface Performed {
  status: 'success' | 'skipped';
  /** The rendered configuration. Secrets remain placeholders. */
  config?: unknown;
  result?: unknown;
  trace?: Record<string, unknown>;
}

/**
 * Renders the configuration of an action as a run would, and keeps the mock of its artifact for later steps. Throws the
 * error that makes the step fail.
 */
export async function performDry(
  { db, evaluator, registry, memory }: Deps,
  step: EvaluatedStep,
  scope: ExpressionContext,
  { path, now }: { path: string; now: number },
): Promise<Performed> {
  const action = step.action as ProviderAction;
  const type = registry.action(action.action);
  if (type === undefined) throw new FermataError('unknown_action', `Action ${action.action} not found.`);
  if (!(await isEnabled(db, { evaluator }, step, scope))) return { status: 'skipped' };
  const fields = await renderFields({ evaluator, db }, action.config, type.configSchema, scope);
  const config = fields.fill(new Map([...fields.secrets.keys()].map((name) => [name, `\${{ secrets.${name} }}`])));
  const checked = checkRendered(type.configSchema, config);
  // Without a mock, an artifact lacks fields that it has in a real run, so the configuration may be invalid only here.
  if (!checked.valid && !memory.lacksArtifactOf(action.config)) throw checked.error;
  const mock = memory.mockOf(action, path);
  const artifact = registry.artifactTypeOf(action.action);
  if (artifact !== undefined && mock !== undefined) {
    memory.keepArtifact({ path, at: now, artifact: { actionId: action.id ?? null, name: artifact.name, data: mock } });
  } else if (artifact !== undefined && action.id !== undefined) memory.lackArtifact(action.id);
  return {
    ...{ status: 'success', config },
    result: { mocked: mock !== undefined, ...(mock !== undefined && { artifact: mock }) },
    ...(!checked.valid && { trace: { warnings: [`Not valid without mocks: ${checked.problem}`] } }),
  };
}
