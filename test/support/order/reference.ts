import { kindOf } from '../../../src/domain/definition/action-kind';
import type { ActionStep } from '../../../src/domain/definition/action';
import type { StepInput } from '../../../src/domain/run/activities';
import type { StepHandlers } from '../../../src/domain/run/interpret/inline';

/** How a step or list ended: normally, with a failure, or at a step that ends the run or the iteration. */
type Outcome = 'done' | 'failed' | 'condition' | 'stop' | 'stop as failure';

/** The expected result of a run. */
export interface Expected {
  status: 'success' | 'failed';
  /** Whether each action was performed, skipped or failed, by path. The order is not significant. */
  actions: Map<string, 'done' | 'skipped' | 'failed'>;
}

/** Thrown where the outcome depends on which branch is faster. */
class DependsOnTime extends Error {}

/**
 * Returns the result that a definition has if nothing runs concurrently: its status, and which actions are performed.
 * Returns null if the result depends on the order in which branches end.
 */
export async function referenceOf(
  definition: { actions: readonly ActionStep[]; on_failure: readonly ActionStep[] },
  handlers: StepHandlers,
  isLost: (path: string) => boolean,
): Promise<Expected | null> {
  const reference = new Reference(handlers, isLost);
  try {
    const outcome = await reference.list(definition.actions, 'actions');
    const isFailure = outcome === 'failed' || outcome === 'stop as failure';
    if (isFailure) await reference.list(definition.on_failure, 'on_failure');
    return { status: isFailure ? 'failed' : 'success', actions: reference.actions };
  } catch (error) {
    if (error instanceof DependsOnTime) return null;
    throw error;
  }
}

class Reference {
  readonly actions: Expected['actions'] = new Map();

  constructor(
    private readonly handlers: StepHandlers,
    private readonly isLost: (path: string) => boolean,
  ) {}

  async list(steps: readonly ActionStep[], prefix: string): Promise<Outcome> {
    for (const [index, step] of steps.entries()) {
      const outcome = await this.step(step, `${prefix}[${index}]`);
      if (outcome !== 'done') return outcome;
    }
    return 'done';
  }

  private async step(step: ActionStep, path: string): Promise<Outcome> {
    if (step.enabled === false) return 'done';
    const outcome = await this.perform(step, path);
    return outcome === 'failed' && step.continue_on_error ? 'done' : outcome;
  }

  private async perform(step: ActionStep, path: string): Promise<Outcome> {
    if ('action' in step) return this.action(path, step.action === 'test.long');
    const isContainer = 'parallel' in step || 'sequence' in step || 'stop' in step;
    if (!isContainer || typeof step.enabled === 'string') {
      const { type } = await this.handlers.evaluate(inputOf(path));
      if (type === 'skipped') return 'done';
      if (type === 'failed') return 'failed';
    }
    if ('stop' in step) return step.stop.error ? 'stop as failure' : 'stop';
    if ('parallel' in step) {
      return this.concurrently(step.parallel.map((each, index) => () => this.step(each, `${path}.parallel[${index}]`)));
    }
    if ('sequence' in step) return this.list(step.sequence, `${path}.sequence`);
    if ('choose' in step) return this.choose(step, path);
    if ('repeat' in step) return this.repeat(step, path);
    if (kindOf(step) !== 'condition') return 'done';
    const seen = await this.handlers.evaluate(inputOf(path));
    return seen.type === 'condition' && !seen.holds ? 'condition' : 'done';
  }

  private async action(path: string, isLong: boolean): Promise<Outcome> {
    const first = isLong ? { type: 'handover' } : await this.handlers.perform(inputOf(path));
    const performed = first.type === 'handover' ? await this.call(path) : first.type;
    this.actions.set(path, performed === 'skipped' || performed === 'failed' ? performed : 'done');
    return performed === 'failed' ? 'failed' : 'done';
  }

  private async call(path: string): Promise<string> {
    return this.isLost(path) ? 'failed' : (await this.handlers.perform(inputOf(path))).type;
  }

  private async choose(step: Extract<ActionStep, { choose: unknown }>, path: string): Promise<Outcome> {
    const chosen = await this.handlers.evaluate(inputOf(path));
    if (chosen.type !== 'branch' || chosen.index === null) return 'done';
    if (chosen.index === 'else') return this.list(step.else, `${path}.else`);
    return this.list(step.choose[chosen.index]?.sequence ?? [], `${path}.choose[${chosen.index}].sequence`);
  }

  private async repeat({ repeat }: Extract<ActionStep, { repeat: unknown }>, path: string): Promise<Outcome> {
    const decided = await this.handlers.evaluate(inputOf(path));
    const total = decided.type === 'repeat' ? decided.total : undefined;
    const end = Math.min(total ?? Infinity, repeat.max_iterations);
    const iteration = (index: number) => this.list(repeat.sequence, `${path}.repeat[${index}].sequence`);
    if ('parallel' in repeat && repeat.parallel !== undefined) {
      const ended = await this.concurrently(
        Array.from({ length: end }, (_, index) => async () => {
          const outcome = await iteration(index);
          // How many iterations have started when one fails depends on timing.
          if (outcome === 'failed') throw new DependsOnTime();
          return outcome === 'condition' ? 'done' : outcome;
        }),
      );
      return ended;
    }
    for (let index = 0; index < end; index += 1) {
      if ('while' in repeat && !(await this.goesOn(path, index))) return 'done';
      const outcome = await iteration(index);
      if (outcome !== 'done' && outcome !== 'condition') return outcome;
      if ('until' in repeat && !(await this.goesOn(path, index))) return 'done';
    }
    return 'done';
  }

  private async goesOn(path: string, iteration: number): Promise<boolean> {
    const seen = await this.handlers.evaluate({ ...inputOf(path), iteration });
    return seen.type === 'repeat' && seen.goesOn === true;
  }

  /**
   * Runs all branches to their end. Returns the first failure.
   * @throws {DependsOnTime} when one of several branches ends the run, because the progress of the other branches then
   * depends on timing
   */
  private async concurrently(branches: readonly (() => Promise<Outcome>)[]): Promise<Outcome> {
    const outcomes: Outcome[] = [];
    for (const branch of branches) outcomes.push(await branch());
    const ended = outcomes.find((outcome) => outcome !== 'done' && outcome !== 'failed');
    if (ended !== undefined && branches.length > 1) throw new DependsOnTime();
    return ended ?? outcomes.find((outcome) => outcome === 'failed') ?? 'done';
  }
}

const inputOf = (path: string): StepInput => ({ runId: 'run', path, variables: {}, repeat: null, journal: [] });
