import { awaitedEvents } from '../../domain/definition/awaited-events';
import type {
  ActionStep,
  ChooseAction,
  ParallelAction,
  ProviderAction,
  StopAction,
  WaitForTriggerAction,
  WaitUntilAction,
} from '../../domain/definition/action';
import { conditionNeeds } from '../../domain/conditions/condition-needs';
import type { ConditionTrace } from '../../domain/conditions/trace-condition';
import { durationMs } from '../../domain/definition/duration';
import { FermataError } from '../../domain/errors';
import { stopReason } from '../../domain/run/stop-reason';
import { extractReferences } from '../../domain/expressions/references';
import { variablesProblem } from '../../domain/run/limits';
import { parseRendered } from '../../domain/registry/parse-rendered';
import { codeFields } from '../../domain/registry/schema-marks';
import { Lanes } from './lanes';
import { repeatDry } from './repeat-dry';
import { DryEnd, DryFailure, type DryResult, type Simulation } from './simulation';

/** What a step would do, by kind. */
export function performDry(run: Simulation, step: ActionStep, path: string): Promise<DryResult> {
  if ('action' in step) return provider(run, step, path);
  if ('choose' in step) return choose(run, step, path);
  if ('parallel' in step) return Promise.resolve({ children: () => parallel(run, step, path) });
  if ('repeat' in step) return Promise.resolve(repeatDry(run, step, path));
  if ('sequence' in step) return Promise.resolve({ children: () => run.runList(step.sequence, `${path}.sequence`) });
  if ('delay' in step) return delay(run, step.delay);
  if ('variables' in step) return setVariables(run, step.variables);
  if ('condition' in step) return condition(run, step.condition, path);
  if ('wait_until' in step) return waitUntil(run, step, path);
  if ('wait_for_trigger' in step) return waitForTrigger(run, step, path);
  return stop(run, step, path);
}

async function provider(run: Simulation, step: ProviderAction, path: string): Promise<DryResult> {
  const { registry, evaluator, db } = run.deps;
  const action = registry.action(step.action);
  if (action === undefined) throw new FermataError('unknown_action', `Action ${step.action} not found.`);
  const code = codeFields(action.configSchema);
  const own = Object.entries(step.config);
  const templates = Object.fromEntries(own.filter(([key]) => !code.has(key)));
  const rendered = (await evaluator.render(db, templates, run.scope())) as Record<string, unknown>;
  const config = { ...rendered, ...Object.fromEntries(own.filter(([key]) => code.has(key))) };
  const parsed = parseRendered(action.configSchema, config);
  const mock = mockOf(run, step, path);
  const problem = parsed.success
    ? undefined
    : parsed.issues.map(({ message, path: at }) => `${at.join('.')}: ${message}`).join('; ');
  // An artifact that nobody gave leaves gaps that a real run would not have.
  if (problem !== undefined && !usesUnmocked(run, step)) {
    throw new FermataError('config_invalid', `The rendered configuration is not valid: ${problem}`);
  }
  const type = registry.artifactTypeOf(step.action);
  if (type !== undefined) {
    if (mock !== undefined) run.keepArtifact({ actionId: step.id ?? null, name: type.name, data: mock });
    else if (step.id !== undefined) run.unmocked.add(step.id);
  }
  return {
    config,
    result: { mocked: mock !== undefined, ...(mock === undefined ? {} : { artifact: mock }) },
    ...(problem === undefined ? {} : { trace: { warning: `Not valid without mocks: ${problem}` } }),
  };
}

function mockOf({ deps: { mocks } }: Simulation, { id }: ActionStep, path: string) {
  const key = [path, id].find((each) => each !== undefined && Object.hasOwn(mocks, each));
  return key === undefined ? undefined : (mocks[key] as Record<string, unknown>);
}

function usesUnmocked(run: Simulation, { config }: ProviderAction): boolean {
  const text = JSON.stringify(config);
  return [...run.unmocked].some((id) => text.includes(`artifacts.${id}`));
}

async function choose(run: Simulation, step: ChooseAction, path: string): Promise<DryResult> {
  const conditions: ({ branch: number } & ConditionTrace)[] = [];
  for (const [branch, { when, sequence }] of step.choose.entries()) {
    const trace = await run.explain(when);
    conditions.push({ branch, ...trace });
    if (trace.value !== true) continue;
    const children = () => run.runList(sequence, `${path}.choose[${branch}].sequence`);
    return { result: { branch }, trace: { conditions }, children };
  }
  const branch = step.else.length > 0 ? 'else' : null;
  return { result: { branch }, trace: { conditions }, children: () => run.runList(step.else, `${path}.else`) };
}

/** Every branch to its end, each on a copy of the variables; then the first error by branch order. */
async function parallel(run: Simulation, step: ParallelAction, path: string): Promise<void> {
  const lanes = new Lanes(run);
  for (const [index, branch] of step.parallel.entries()) {
    await lanes.lane(() => run.runStep(branch, `${path}.parallel[${index}]`));
  }
  lanes.end();
}

async function delay(run: Simulation, duration: Parameters<typeof durationMs>[0]): Promise<DryResult> {
  const { evaluator, db } = run.deps;
  const isTemplate = typeof duration === 'object' && 'template' in duration;
  const rendered = isTemplate ? await evaluator.renderDuration(db, duration.template, run.scope()) : null;
  return { result: { waitsFor: { seconds: durationMs(duration, () => rendered) / 1_000 } } };
}

async function setVariables(run: Simulation, variables: Record<string, unknown>): Promise<DryResult> {
  const { evaluator, db } = run.deps;
  const rendered = await evaluator.renderVariables(db, variables, run.scope());
  if ('error' in rendered) throw new FermataError(rendered.code, rendered.error);
  const all = { ...run.variables, ...rendered.variables };
  const problem = variablesProblem(all);
  if (problem !== undefined) throw new FermataError('limit_exceeded', problem);
  run.variables = all;
  return { result: rendered.variables };
}

async function condition(
  run: Simulation,
  wanted: Parameters<Simulation['explain']>[0],
  path: string,
): Promise<DryResult> {
  const trace = await run.explain(wanted);
  const { value, reason = '' } = trace;
  if (value === 'error') throw new FermataError('expression_error', reason);
  const result = { holds: value, ...(value ? {} : { reason }) };
  const end = () => Promise.reject(new DryEnd({ kind: 'condition', path, reason }));
  return { result, trace: { conditions: [trace] }, ...(value ? {} : { children: end }) };
}

async function waitUntil(run: Simulation, step: WaitUntilAction, path: string): Promise<DryResult> {
  const { wait_until: wait } = step;
  const trace = await run.explain(wait.condition);
  const needs = conditionNeeds(wait.condition);
  const refs = [...needs.expressions.flatMap((each) => extractReferences(each).refs), ...needs.refs];
  const waitsFor = {
    holdsNow: trace.value === true,
    refs: [...new Set(refs.map(({ kind, id }) => `${kind}:${id}`))],
    timeoutSeconds: wait.timeout_seconds ?? null,
  };
  return { result: { waitsFor, ...over(run, step, wait, path) }, trace: { conditions: [trace] } };
}

async function waitForTrigger(run: Simulation, step: WaitForTriggerAction, path: string): Promise<DryResult> {
  const { wait_for_trigger: wait } = step;
  const { evaluator, db } = run.deps;
  const own = run.scope().facts.contextKey;
  const { timeout_seconds: timeoutSeconds = null } = wait;
  const events = [];
  for (const { id, event, filter = null, context_key: key } of awaitedEvents(wait)) {
    const contextKey = key === undefined ? own : await evaluator.render(db, key, run.scope());
    events.push({ id, event, contextKey, filter });
  }
  const [first] = events;
  const { id: _, ...only } = first ?? { id: '' };
  const what = 'triggers' in wait ? { triggers: events } : only;
  return { result: { waitsFor: { ...what, timeoutSeconds }, ...over(run, step, wait, path) } };
}

/** A wait is passed as if it had completed at once, unless a mock gives another result. */
function over(
  run: Simulation,
  step: ActionStep,
  rule: { timeout_seconds?: number | undefined; continue_on_timeout: boolean },
  path: string,
): { wait: Record<string, unknown> } {
  const wait = { completed: true, remainingSeconds: rule.timeout_seconds ?? null, ...mockOf(run, step, path) };
  run.wait = wait;
  if (wait.completed === false && !rule.continue_on_timeout) {
    throw new DryFailure({ code: 'wait_timeout', message: 'The mock says that the wait timed out.', path });
  }
  return { wait };
}

async function stop(
  run: Simulation,
  { stop: { reason: template, error }, id }: StopAction,
  path: string,
): Promise<DryResult> {
  const reason = stopReason(await run.deps.evaluator.render(run.deps.db, template, run.scope()));
  const failure = { code: 'stopped', message: reason, path, ...(id === undefined ? {} : { actionId: id }) };
  const end = new DryEnd({ kind: 'stop', path, reason }, error ? failure : undefined);
  return { result: { reason }, children: () => Promise.reject(end) };
}
