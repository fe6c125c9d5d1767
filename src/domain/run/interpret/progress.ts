import { setSince } from '../branch-variables';
import type { Resume } from '../messages';
import type { PlanNode } from '../plan';
import type { RunError, StepStatus } from '../step-record';

/** What one branch carries from step to step; the run itself is the branch at ''. */
export interface Branch {
  readonly place: string;
  variables: Record<string, unknown>;
  /** The `repeat` scope of the innermost loop under way. */
  repeat: Record<string, unknown> | null;
  /** Path of the last wait of this branch. */
  wait: string | undefined;
  /** The innermost list that the branch is at, for names of activities; of no meaning to the interpretation. */
  list?: { steps: readonly PlanNode[]; index: number };
}

/** Where execution stands, shared by all branches of a run. A new execution goes on from its snapshot. */
export type ProgressSnapshot = Pick<Resume, 'positions' | 'variables' | 'finished' | 'waits'>;

const EMPTY: ProgressSnapshot = { positions: {}, variables: {}, finished: {}, waits: {} };

/** Positions, branches and open steps of an execution. Plain state: no clock, no promises. */
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

  /** A branch with a copy of its parent's variables. */
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

  /** How a branch ended, also in an earlier execution; undefined = it is under way. */
  finished(place: string): { error?: RunError } | undefined {
    return this.ended.get(place);
  }

  finish(place: string, outcome: { error?: RunError }): void {
    this.ended.set(place, outcome);
  }

  /** Next index of the list, or iteration of the `repeat`, at a path. */
  position(place: string): number {
    return this.positions.get(place) ?? 0;
  }

  reach(place: string, position: number): void {
    this.positions.set(place, position);
  }

  /** Forgets the position of a place that has been left, and positions and branches below it. */
  leave(place: string): void {
    this.positions.delete(place);
    for (const map of [this.positions, this.ended, this.branches]) {
      for (const key of map.keys()) if (key.startsWith(`${place}.`)) map.delete(key);
    }
  }

  /** Forgets how the branch at a place ended and what it carries. Its positions must have been left. */
  forget(place: string): void {
    this.ended.delete(place);
    this.branches.delete(place);
  }

  /** Forgets what the branch at a place carries; it has ended and its variables are those of its parent. */
  forgetBranch(place: string): void {
    this.branches.delete(place);
  }

  /** Forgets loops, positions and branches of everything but the run itself, before another step list. */
  leaveAll(): void {
    this.root.repeat = null;
    this.positions.clear();
    this.ended.clear();
    for (const place of this.branches.keys()) if (place !== '') this.branches.delete(place);
  }

  /** Follows which steps have begun and not ended. */
  observe(path: string, node: PlanNode, status: StepStatus): void {
    if (status === 'running' || status === 'waiting') this.openSteps.set(path, node);
    else this.openSteps.delete(path);
  }

  /** Steps below a path that have begun and not ended, outermost first. */
  openBelow(path: string): [path: string, node: PlanNode][] {
    return [...this.openSteps].filter(([open]) => open.startsWith(`${path}.`));
  }

  /** What a stretch needs to find the place where the branch stands. */
  positionsOf(place: string): Record<string, number> {
    const isOwn = (key: string) => place === '' || key === place || key.startsWith(`${place}.`);
    return Object.fromEntries([...this.positions].filter(([key]) => isOwn(key)));
  }

  snapshot(): ProgressSnapshot {
    const whole = this.root.variables;
    // Of a branch only what it has set: a copy of everything for each branch could exceed the size of an input.
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
