import type { CancellationScope } from '@temporalio/workflow';
import type { CommandOutcome, NextCall } from '../../domain/run/activities';
import type { BranchEnd, BranchStart, Command, Steps } from '../../domain/run/interpret/command';
import type { Branch } from '../../domain/run/interpret/progress';

/** Branches that a fiber waits for. */
export interface Fork {
  /** Branches that have not ended. */
  readonly open: Set<Fiber>;
  readonly ends: BranchEnd[];
  /** Called for another branch at each end; null = there is none. */
  readonly next: () => BranchStart | null;
  /** Number of ends since `next` was called. */
  vacant: number;
  /** While branches are being started, their ends do not resume the parent. */
  starting: boolean;
  /** Whether one branch was unwound: the others are cancelled, and no further one is started. */
  unwound: boolean;
}

/** A branch in execution: its generator and the command that it waits for. */
export interface Fiber {
  readonly steps: Steps;
  readonly branch: Branch;
  readonly parent: { fiber: Fiber; fork: Fork; index: number } | null;
  /** Outcomes of commands that a stretch has carried out before their turn. */
  ahead: CommandOutcome[];
  /** The call before which the latest stretch ended. */
  nextCall: NextCall | undefined;
  /** The command that it waits for; null while it runs and when it has ended. */
  command: Command | null;
  /** Holds the activity or timer of that command. */
  scope: CancellationScope | null;
  /** Resumed with the end of its branches. */
  fork: Fork | null;
  /** Its command has not been issued, since the run continues in a new execution. */
  parked: boolean;
  cancelled: boolean;
  ended: boolean;
}

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
