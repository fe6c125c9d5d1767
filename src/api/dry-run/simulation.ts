import type { Executor } from '../../db/executor';
import { kindOf } from '../../domain/definition/action-kind';
import type { ActionStep } from '../../domain/definition/action';
import type { ConditionTrace } from '../../domain/conditions/trace-condition';
import { FermataError, messageOf, type ErrorCode } from '../../domain/errors';
import type { EndedBy, RunError } from '../../domain/run/step-record';
import type { Registry } from '../../domain/registry/registry';
import type { ExpressionContext, Evaluator } from '../../evaluation/evaluator';
import type { DryStep } from './report';

/** Steps that a dry run shows; a loop without effects may never end. */
const MOST_STEPS = 1_000;

export interface SimulationDeps {
  db: Executor;
  evaluator: Evaluator;
  registry: Registry;
  /** Data of artifacts, by action id or place. */
  mocks: Readonly<Record<string, unknown>>;
}

/** A step failed and nothing swallowed it. */
export class DryFailure extends Error {
  override readonly name = 'DryFailure';

  constructor(readonly error: RunError) {
    super(error.message);
  }
}

/** A `stop` or a false `condition`: the run ends. */
export class DryEnd extends Error {
  override readonly name = 'DryEnd';

  constructor(
    readonly endedBy: EndedBy,
    readonly error?: RunError,
  ) {
    super(endedBy.kind);
  }
}

/** Configurations and results that a dry run shows, in characters of JSON; those of later steps are left out. */
const MOST_SHOWN = 2_097_152;

/** The outcome of a step: what is shown of it, and the children that are still to be run. */
export interface DryResult extends Pick<DryStep, 'config' | 'result' | 'trace'> {
  /** Runs the steps inside, after the step itself has been recorded; also what ends the run here. */
  children?: () => Promise<void>;
}

/** Evaluates steps one after another, as a run does, with no effect. */
export class Simulation {
  readonly steps: DryStep[] = [];
  /** Ids of actions whose artifact nobody gave. */
  readonly unmocked = new Set<string>();
  /** Set by `variables`, private to a branch of `parallel`. */
  variables: Record<string, unknown>;
  repeat: Record<string, unknown> | null = null;
  /** What the last wait came to. */
  wait: Record<string, unknown> | null = null;
  /** Made so far, oldest first. */
  artifacts: ExpressionContext['artifacts'][number][] = [];
  private size = 0;

  constructor(
    readonly deps: SimulationDeps,
    private start: ExpressionContext,
    private readonly perform: (run: Simulation, step: ActionStep, path: string) => Promise<DryResult>,
  ) {
    this.variables = start.variables;
  }

  /** What the step at hand sees. */
  scope(): ExpressionContext {
    return {
      ...this.start,
      variables: this.variables,
      artifacts: this.artifacts,
      repeat: this.repeat,
      wait: this.wait,
    };
  }

  /** From here on, steps of `on_failure` see what the run failed with. */
  failedWith(error: RunError | undefined): void {
    const { facts } = this.start;
    this.start = { ...this.start, facts: { ...facts, run: { ...facts.run, error } } };
    this.repeat = null;
  }

  explain(condition: Parameters<Evaluator['explain']>[1]): Promise<ConditionTrace> {
    return this.deps.evaluator.explain(this.deps.db, condition, this.scope());
  }

  keepArtifact(artifact: ExpressionContext['artifacts'][number]): void {
    this.artifacts.push(artifact);
  }

  async runList(list: readonly ActionStep[], prefix: string): Promise<void> {
    for (const [index, step] of list.entries()) await this.runStep(step, `${prefix}[${index}]`);
  }

  async runStep(step: ActionStep, path: string): Promise<void> {
    if (this.steps.length >= MOST_STEPS) {
      throw new DryFailure({ code: 'limit_exceeded', message: `A dry run shows at most ${MOST_STEPS} steps.`, path });
    }
    const entry = this.addEntry(step, path);
    try {
      if (!(await this.isEnabled(step, entry))) return;
      const { children, ...result } = await this.perform(this, step, path);
      Object.assign(entry, this.shown(result));
      await children?.();
    } catch (error) {
      if (error instanceof DryEnd) throw error;
      const failure = error instanceof DryFailure ? error : new DryFailure(this.errorOf(error, step, path));
      Object.assign(entry, { status: 'failed', error: failure.error });
      if (!step.continue_on_error) throw failure;
    }
  }

  private shown(result: Omit<DryResult, 'children'>): Omit<DryResult, 'children'> {
    const { config, result: left } = result;
    const size = JSON.stringify([config, left]).length;
    if (this.size + size <= MOST_SHOWN) {
      this.size += size;
      return result;
    }
    return { ...result, config: null, result: { truncated: true, characters: size } };
  }

  private addEntry(step: ActionStep, path: string): DryStep {
    const entry: DryStep = {
      path,
      actionId: step.id ?? null,
      kind: kindOf(step),
      action: 'action' in step ? step.action : null,
      status: 'success',
    };
    this.steps.push(entry);
    return entry;
  }

  private async isEnabled({ enabled }: ActionStep, entry: DryStep): Promise<boolean> {
    if (enabled === true) return true;
    const trace = typeof enabled === 'string' ? await this.explain(enabled) : undefined;
    if (trace?.value === 'error') throw new FermataError('expression_error', `enabled: ${trace.reason ?? ''}`);
    if (trace !== undefined) entry.trace = { enabled: trace };
    if (trace?.value === true) return true;
    entry.status = 'skipped';
    return false;
  }

  private errorOf(error: unknown, step: ActionStep, path: string): RunError {
    const code: ErrorCode = error instanceof FermataError ? error.code : 'expression_error';
    return { code, message: messageOf(error), path, ...(step.id === undefined ? {} : { actionId: step.id }) };
  }
}
