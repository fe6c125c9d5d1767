import type { AutomationRecord } from '../../db/automation-store';
import type { Executor } from '../../db/executor';
import type { ActionStep } from '../../domain/definition/action';
import type { Registry } from '../../domain/registry/registry';
import type { StepEvaluation } from '../../domain/run/activities';
import { driveDry, type DryHandlers, type Moment } from '../../domain/run/interpret/dry';
import { endAfter, type StepsEnd } from '../../domain/run/interpret/outcome';
import { Progress } from '../../domain/run/interpret/progress';
import { planOf, runList } from '../../domain/run/interpret/steps';
import type { RunError } from '../../domain/run/step-record';
import { stepAt } from '../../domain/run/step-at';
import type { Evaluator, ExpressionContext } from '../../evaluation/evaluator';
import { evaluateKind } from '../../evaluation/steps/evaluate-kind';
import type { Evaluated, EvaluatedStep } from '../../evaluation/steps/evaluated';
import { performDry } from './dry-action';
import { DryMemory } from './dry-memory';
import { DrySteps, failureOf, TooManySteps } from './dry-steps';
import { evaluateDryWait, isWait } from './dry-wait';
import { evaluatorAt } from './evaluator-at';
import type { DryRun } from './report';

/** Maximum number of iterations of one loop in a dry run. Without a limit, a loop might never end. */
const MAX_ITERATIONS = 10;

export interface SimulateDeps {
  db: Executor;
  evaluator: Evaluator;
  registry: Registry;
}

/** The state in which the simulation of the steps starts. */
export interface Beginning {
  /** Scope after the gates. */
  scope: ExpressionContext;
  now: Date;
  /** Mocked artifact data and wait results, by action id or path. */
  mocks: Readonly<Record<string, unknown>>;
}

/** Runs the steps of an automation through the interpreter, with mocks and a simulated clock. */
export async function simulate(
  deps: SimulateDeps,
  { definition }: Pick<AutomationRecord, 'definition'>,
  { scope, now, mocks }: Beginning,
): Promise<Pick<DryRun, 'steps' | 'end'>> {
  const progress = new Progress(scope.variables);
  const steps = new DrySteps(progress);
  const memory = new DryMemory(definition, mocks);
  const moment: Moment = { branch: progress.root, now: now.getTime() };
  const run = async (list: 'actions' | 'on_failure', error?: RunError): Promise<StepsEnd> => {
    const { facts } = scope;
    const seen = error === undefined ? scope : { ...scope, facts: { ...facts, run: { ...facts.run, error } } };
    const handlers = createDryHandlers(deps, definition, { steps, memory, scope: seen });
    try {
      const plan = planOf(definition[list], () => ({ execution: 'transaction', timeoutMs: 0 }));
      await driveDry(runList(progress, progress.root, plan, list), moment, handlers);
      return { status: 'success' };
    } catch (thrown) {
      if (thrown instanceof TooManySteps) return { status: 'failed', error: thrown.error };
      return endAfter(thrown);
    }
  };
  const end = await run('actions');
  if (end.error !== undefined) {
    progress.leaveAll(end.error);
    // The end of the `on_failure` steps does not change how the run ended.
    await run('on_failure', end.error);
  }
  return { steps: steps.all(), end };
}

interface State {
  steps: DrySteps;
  memory: DryMemory;
  scope: ExpressionContext;
}

function createDryHandlers(
  deps: SimulateDeps,
  definition: AutomationRecord['definition'],
  { steps, memory, scope }: State,
): DryHandlers {
  const at = (path: string, { branch, now }: Moment) => {
    const action = stepAt(definition, path);
    if (!action) throw new Error(`The definition has no step ${path}`);
    const warnings = new Set<string>();
    return {
      ...{ action, warnings, clock: { now: () => new Date(now) } },
      evaluator: evaluatorAt(deps.evaluator, new Date(now)),
      scope: {
        ...scope,
        ...{ variables: branch.variables, repeat: branch.repeat },
        ...{ artifacts: memory.artifactsSeenFrom(path, now), wait: memory.waitAt(branch.wait) },
        onWarning: (warning: string) => void warnings.add(warning),
      },
    };
  };
  return {
    async evaluate({ node, path, iteration }, moment) {
      const { status } = steps.begin(node, path);
      const { action, warnings, scope: seen, ...own } = at(path, moment);
      const step: EvaluatedStep = { action, input: iteration === undefined ? {} : { iteration } };
      try {
        const evaluated = isWait(action)
          ? await evaluateDryWait({ ...own, db: deps.db, memory }, { ...step, action }, seen, { path, status })
          : shownOf(await evaluateKind(step, seen, own, deps.db), moment.now);
        const trace = { ...traceOf(step, warnings), ...evaluated.trace };
        const { evaluation } = evaluated;
        steps.write(path, { ...evaluated, trace, ...(evaluation.type === 'failed' && { error: evaluation.error }) });
        return evaluation;
      } catch (error) {
        const failure = failureOf(error, node, path);
        steps.write(path, { status: 'failed', error: failure, trace: traceOf(step, warnings) });
        return { type: 'failed', error: failure };
      }
    },
    async perform({ node, path }, moment) {
      steps.begin(node, path);
      const { action, warnings, scope: seen, evaluator } = at(path, moment);
      const step = { action, input: {} };
      try {
        const own = { ...deps, evaluator, memory };
        const performed = await performDry(own, step, seen, { path, now: moment.now });
        steps.write(path, { ...performed, trace: { ...traceOf(step, warnings), ...performed.trace } });
        return { type: performed.status === 'skipped' ? 'skipped' : 'done' };
      } catch (error) {
        const failure = failureOf(error, node, path);
        steps.write(path, { status: 'failed', error: failure, trace: traceOf(step, warnings) });
        return { type: 'failed', error: failure };
      }
    },
    note: (command) => steps.note(command),
  };
}

const traceOf = ({ enabled }: { action: ActionStep } & Pick<EvaluatedStep, 'enabled'>, warnings: Set<string>) => ({
  ...(warnings.size > 0 && { warnings: [...warnings] }),
  ...(enabled && { enabled }),
});

/**
 * Adapts an evaluation for the dry-run report: a delay contains its length instead of its end, and a loop ends after
 * `MAX_ITERATIONS`.
 */
function shownOf(evaluated: Evaluated, now: number): Evaluated {
  const { evaluation } = evaluated;
  if (evaluation.type === 'delay') {
    return { ...evaluated, result: { waitsFor: { seconds: (evaluation.until - now) / 1_000 } } };
  }
  if (evaluation.type !== 'repeat' || evaluation.iteration !== undefined) return evaluated;
  const { total } = evaluation;
  const limited: StepEvaluation = { ...evaluation, most: MAX_ITERATIONS };
  return { ...evaluated, evaluation: limited, result: { iterations: 0, ...(total !== undefined && { count: total }) } };
}
