import { setSince } from '../branch-variables';
import type { Resume } from '../messages';
import type { PlanNode } from '../plan';
import type { RunError, StepStatus } from '../step-record';

/** The state that a branch carries from step to step. The run itself is the branch at ''. */
export interface Branch {
  readonly place: string;
  variables: Record<string, unknown>;
  /** The value of `repeat` in the innermost loop. */
  repeat: Record<string, unknown> | null;
  /** Path of the last wait of this branch. */
  wait: string | undefined;
  /**
   * The innermost list that the branch executes. It is used for names of activities and does not affect the
   * interpretation.
   */
  list?: { steps: readonly PlanNode[]; index: number };
}

/** The progress of an execution, for all branches of a run. A new execution continues from this snapshot. */
export type ProgressSnapshot = Pick<Resume, 'positions' | 'variables' | 'finished' | 'waits'>;

const EMPTY: ProgressSnapshot = { positions: {}, variables: {}, finished: {}, waits: {} };

/** Positions, branches and open steps of an execution. Plain state without clocks or promises. */
export class Progress {
  readonly root: Branch;
  private readonly positions: Map<string, number>;
  private readonly ended: Map<string, { error?: RunError }>;
  private readonly branches = new Map<string, Branch>();
  private readonly openSteps = new Map<string, PlanNode>();

  constructor(
    variables: Record<string, unknown>,
    private readonly before: ProgressSnapshot = EMPTY,
  ) {
    this.positions = new Map(Object.entries(before.positions));
    this.ended = new Map(Object.entries(before.finished));
    this.root = { place: '', variables: before.variables[''] ?? variables, repeat: null, wait: before.waits[''] };
    this.branches.set('', this.root);
  }

  /**
   * Returns a branch that begins with the variables of its parent, or continues with its own variables from an earlier
   * execution.
   */
  fork(parent: Branch, place: string): Branch {
    const own = this.before.variables[place];
    const branch: Branch = {
      place,
      variables: own === undefined ? parent.variables : { ...this.root.variables, ...own },
      repeat: parent.repeat,
      wait: this.before.waits[place] ?? parent.wait,
    };
    this.branches.set(place, branch);
    return branch;
  }

  /** Returns how a branch ended, possibly in an earlier execution, or undefined while it is in progress. */
  finished(place: string): { error?: RunError } | undefined {
    return this.ended.get(place);
  }

  finish(place: string, outcome: { error?: RunError }): void {
    this.ended.set(place, outcome);
  }

  /** Returns the next index of the list, or the next iteration of the `repeat`, at a path. */
  position(place: string): number {
    return this.positions.get(place) ?? 0;
  }

  reach(place: string, position: number): void {
    this.positions.set(place, position);
  }

  /** Drops the position of a path whose execution has ended, and the positions and branches below it. */
  leave(place: string): void {
    this.positions.delete(place);
    for (const map of [this.positions, this.ended, this.branches]) {
      for (const key of map.keys()) if (key.startsWith(`${place}.`)) map.delete(key);
    }
  }

  /**
   * Drops the end and the state of the branch at a path. The positions of the branch must already have been dropped.
   */
  forget(place: string): void {
    this.ended.delete(place);
    this.branches.delete(place);
  }

  /**
   * Drops the state of the branch at a path. The branch must have ended, and its variables must have been merged into
   * those of its parent.
   */
  forgetBranch(place: string): void {
    this.branches.delete(place);
  }

  /**
   * Drops loops, positions and branches, except the run itself, before `on_failure` begins. If a wait that timed out
   * failed the run, the steps of `on_failure` see its result, even if it was in a branch.
   */
  leaveAll({ code, path }: RunError): void {
    if (code === 'wait_timeout') this.root.wait = path;
    this.root.repeat = null;
    this.positions.clear();
    this.ended.clear();
    for (const place of this.branches.keys()) if (place !== '') this.branches.delete(place);
  }

  /** Records which steps have begun but not ended. */
  observe(path: string, node: PlanNode, status: StepStatus): void {
    if (status === 'running' || status === 'waiting') this.openSteps.set(path, node);
    else this.openSteps.delete(path);
  }

  /** Returns the steps below a path that have begun but not ended, from the outermost to the innermost. */
  openBelow(path: string): [path: string, node: PlanNode][] {
    return [...this.openSteps].filter(([open]) => open.startsWith(`${path}.`));
  }

  /** Returns the positions that a stretch needs to continue the branch at a path. */
  positionsOf(place: string): Record<string, number> {
    const isOwn = (key: string) => place === '' || key === place || key.startsWith(`${place}.`);
    return Object.fromEntries([...this.positions].filter(([key]) => isOwn(key)));
  }

  snapshot(): ProgressSnapshot {
    const whole = this.root.variables;
    // For a branch, only the variables that it has set are included: a full copy for each branch could exceed the size
    // of an input.
    const own = ({ place, variables }: Branch) => (place === '' ? variables : setSince(whole, variables));
    const branches = [...this.branches.values()];
    return {
      positions: Object.fromEntries(this.positions),
      variables: Object.fromEntries(branches.map((branch) => [branch.place, own(branch)])),
      finished: Object.fromEntries(this.ended),
      waits: Object.fromEntries(branches.flatMap(({ place, wait }) => (wait === undefined ? [] : [[place, wait]]))),
    };
  }
}
