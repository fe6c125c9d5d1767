import { mergeBranches } from '../../domain/run/branch-variables';
import { DryFailure, type Simulation } from './simulation';

/**
 * Steps that run beside each other, evaluated one after another: each begins with what there was before the first. Variables
 * are merged, and the first failure counts, in the order in which they are given.
 */
export class Lanes {
  /** The first failure; undefined = none so far. */
  failure: DryFailure | undefined;
  private readonly before: Pick<Simulation, 'variables' | 'wait' | 'artifacts'>;
  private readonly variables: Record<string, unknown>[] = [];
  private readonly made: Simulation['artifacts'] = [];

  constructor(private readonly run: Simulation) {
    const { variables, wait, artifacts } = run;
    this.before = { variables, wait, artifacts };
  }

  async lane(steps: () => Promise<void>): Promise<void> {
    const { artifacts } = this.before;
    Object.assign(this.run, this.before, { artifacts: [...artifacts] });
    try {
      await steps();
    } catch (error) {
      if (!(error instanceof DryFailure)) throw error;
      this.failure ??= error;
    }
    this.variables.push(this.run.variables);
    this.made.push(...this.run.artifacts.slice(artifacts.length));
  }

  /** Continues after all of them. @throws {DryFailure} the first failure */
  end(): void {
    const { variables, wait, artifacts } = this.before;
    const merged = mergeBranches(variables, this.variables);
    Object.assign(this.run, { variables: merged, wait, artifacts: [...artifacts, ...this.made] });
    if (this.failure) throw this.failure;
  }
}
