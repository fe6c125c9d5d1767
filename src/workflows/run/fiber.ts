import type { CancellationScope } from '@temporalio/workflow';
import type { CommandOutcome, NextCall } from '../../domain/run/activities';
import type { BranchEnd, BranchStart, Command, Steps } from '../../domain/run/interpret/command';
import type { Branch } from '../../domain/run/interpret/progress';

/** The branches that a fiber waits for. */
export interface Fork {
  /** Branches that have not ended. */
  readonly open: Set<Fiber>;
  readonly ends: BranchEnd[];
  /** Called whenever a branch has ended. Returns another branch to begin; null = no branch can begin now. */
  readonly next: () => BranchStart | null;
  /** Number of ended branches for which `next` has not been called yet. */
  vacant: number;
  /** True while branches are being started. A branch that ends during this time does not resume the parent. */
  starting: boolean;
  /**
   * Whether an error other than the failure of a step, such as a stop, has ended a branch. The other branches are then
   * cancelled, and no further branch is started.
   */
  unwound: boolean;
}

/** A branch that is being executed: its generator, and the command that it waits for. */
export interface Fiber {
  readonly steps: Steps;
  readonly branch: Branch;
  readonly parent: { fiber: Fiber; fork: Fork; index: number } | null;
  /** Outcomes of commands that a stretch has carried out before the generator yields them. */
  ahead: CommandOutcome[];
  /** The call at which the latest stretch ended. The fiber performs it next. */
  nextCall: NextCall | undefined;
  /** The command that the fiber waits for; null while it runs and after it has ended. */
  command: Command | null;
  /** The scope of the activity or timer of this command. */
  scope: CancellationScope | null;
  /** The branches that the fiber waits for. When they have ended, the fiber resumes and receives their outcomes. */
  fork: Fork | null;
  /**
   * Whether the fiber's command has not been issued yet, because the run continues in a new execution or the command
   * waits for room in a workflow task.
   */
  parked: boolean;
  cancelled: boolean;
  ended: boolean;
}

/** Creates a fiber that has not begun. `ahead` and `nextCall` are the results of the stretch that precedes it. */
export function createFiber(
  steps: Steps,
  branch: Branch,
  parent: Fiber['parent'],
  ahead: CommandOutcome[] = [],
  nextCall?: NextCall,
): Fiber {
  return {
    ...{ steps, branch, parent, ahead, nextCall, command: null, scope: null, fork: null },
    ...{ parked: false, cancelled: false, ended: false },
  };
}
