import type { Closed, StepEvaluation, Failed, GaveUp, Handover, StepOutcome } from '../activities';
import type { ActionNode, PlanNode } from '../plan';
import type { RunError, StepStatus } from '../step-record';
import type { Branch } from './progress';

/** A branch to start. */
export interface BranchStart {
  branch: Branch;
  steps: Steps;
}

/** How a branch ended: normally, because a step failed, or because the whole run ends. */
export type BranchEnd = { type: 'done' } | { type: 'failed'; error: RunError } | { type: 'unwound'; by: unknown };

/**
 * A command from a step list to its driver. In the comment of each command, the type of the answer follows the arrow.
 */
export type Command =
  /** Evaluate a step; for a `while` or `until`, a given iteration. → `StepEvaluation` */
  | { type: 'evaluate'; node: PlanNode; path: string; iteration?: number }
  /** Make the first attempt to perform an action. → `StepOutcome` */
  | { type: 'perform'; node: ActionNode; path: string }
  /** Perform an action as a separate call with retries. → `StepOutcome` or `GaveUp` */
  | { type: 'call'; node: ActionNode; path: string; after: Handover | null }
  /** Record the failure of a call when no attempt was able to record it. → `Closed`, `Failed`, or the step's outcome */
  | { type: 'fail'; node: ActionNode; path: string; error: RunError }
  /**
   * Pause for `ms`. A duration is used because the clocks of Temporal and of the database may differ; histories of
   * version 0.1.0 have only the time (`until`, ms since 1970). During a retry pause, a run must not move to a new
   * execution.
   */
  | { type: 'sleep'; node: PlanNode; path: string; ms: number; retry: true }
  | { type: 'sleep'; node: PlanNode; path: string; until: number; ms: number | undefined; note: string; retry: false }
  /**
   * Pause until the wait at this path is woken, or until a time (`until`, ms since 1970); null = only until it is
   * woken. `ms` is the remaining time, as for `sleep`.
   */
  | { type: 'wait'; node: PlanNode; path: string; until: number | null; ms: number | null | undefined; note: string }
  /**
   * Run branches concurrently to their ends. If one of them unwinds, the others are cancelled. After each end, `next`
   * may add another branch; if `next` returns null, it is called again after the next end. → `BranchEnd[]`, in the
   * order in which the branches began
   */
  | { type: 'fork'; path: string; branches: BranchStart[]; next?: () => BranchStart | null }
  /** Show a step's state. `persist`: no activity of the step writes its row, so the next activity must write it. */
  | {
      type: 'note';
      node: PlanNode;
      path: string;
      status: StepStatus;
      persist: boolean;
      text?: string;
      result?: unknown;
      error?: RunError;
    };

/**
 * A step list that is being executed. It yields commands, receives their answers, and returns at the end of the list.
 */
export type Steps<T = void> = Generator<Command, T, unknown>;

export function* requestEvaluation(node: PlanNode, path: string, iteration?: number): Steps<StepEvaluation> {
  return (yield {
    type: 'evaluate',
    node,
    path,
    ...(iteration === undefined ? {} : { iteration }),
  }) as StepEvaluation;
}

export function* requestOutcome(node: ActionNode, path: string): Steps<StepOutcome> {
  return (yield { type: 'perform', node, path }) as StepOutcome;
}

export function* requestCall(node: ActionNode, path: string, after: Handover | null): Steps<StepOutcome | GaveUp> {
  return (yield { type: 'call', node, path, after }) as StepOutcome | GaveUp;
}

export function* requestFailure(node: ActionNode, path: string, error: RunError): Steps<StepOutcome | Closed | Failed> {
  return (yield { type: 'fail', node, path, error }) as StepOutcome | Closed | Failed;
}

export function* requestBranches(
  path: string,
  branches: BranchStart[],
  next?: () => BranchStart | null,
): Steps<BranchEnd[]> {
  return (yield { type: 'fork', path, branches, ...(next && { next }) }) as BranchEnd[];
}
