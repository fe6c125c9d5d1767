import type { CommandOutcome } from '../../domain/run/activities';
import type { PlanNode } from '../../domain/run/plan';
import type { RunError } from '../../domain/run/step-record';

/**
 * Maximum number of bytes of commands and markers in one workflow task. Temporal refuses a completion above 4 MB. The
 * remaining 2 MB are for parts that are not counted: headers, notes, and the result of the run's own stretch (at most
 * 1.5 MB, and at most one at a time).
 */
const MAX_BYTES = 2_000_000;
/** Number of evaluated steps after which a task is busy. An action takes longer, so a single action is enough. */
const BUSY_STEPS = 10;
/** Maximum size of the input of one activity, and of a snapshot, in bytes. Temporal refuses payloads above 2 MB. */
export const MAX_INPUT_BYTES = 2_000_000;

/** Returns the part of a message that contains the size of an input and the maximum size. */
export const overLimit = (bytes: number): string =>
  `${Math.ceil(bytes / 1024)} KB, at most ${Math.floor(MAX_INPUT_BYTES / 1024)} KB`;

/** Returns the failure of a call whose input Temporal would refuse. */
export function inputTooLarge({ id }: PlanNode, path: string, bytes: number): RunError {
  const message = `Variables and the item of the loop are together too large for a call: ${overLimit(bytes)}.`;
  return { code: 'limit_exceeded', message, path, ...(id !== null && { actionId: id }) };
}

/** Returns the number of bytes reserved for the result of a branch's stretch, by the kind of its first step. */
export function resultBytes({ kind, ...node }: PlanNode): number {
  if (kind === 'variables') return 320_000;
  return 'form' in node && node.form === 'for_each' ? 1_200_000 : 100_000;
}

/** Returns the size of a value as a payload, in bytes. */
export function bytesOf(value: unknown): number {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? 0 : new TextEncoder().encode(text).length;
}

/** A command that waits for a later workflow task. */
interface Held {
  bytes: number;
  /** Whether the command waits for the next task even if it would fit into the current one. */
  mustYield: boolean;
  /** Returns whether the command's branch has since been cancelled. */
  isStale: () => boolean;
  issue: () => void;
  /** Called instead of `issue` when the command is stale. */
  drop: () => void;
}

/**
 * Counts the bytes and steps of the current workflow task. Holds back commands that would not fit, and stretches that
 * must leave the task to other branches. The counts must depend only on the order of deliveries, so that a replay arrives
 * at the same counts. For this reason, only a delivery from the server begins a new task, never the end of a local
 * activity.
 */
export class TaskRoom {
  private used = 0;
  /** Bytes reserved for local activities whose results are not known yet. */
  private reserved = 0;
  private task = -1;
  /** Steps that stretches have carried out in the current task. */
  private steps = 0;
  private held: Held[] = [];

  /**
   * Resets the count when the server has begun a new workflow task. The commands of earlier tasks are in the history by
   * then.
   */
  begin(task: number): void {
    if (task === this.task) return;
    this.task = task;
    this.used = 0;
    this.steps = 0;
    for (const command of this.held) command.mustYield = false;
  }

  /** Counts the steps that a stretch has carried out. */
  count(done: readonly CommandOutcome[]): void {
    for (const outcome of done) this.steps += 'performed' in outcome ? BUSY_STEPS : 1;
  }

  /** Returns whether the current task has carried out so many steps that another task should begin soon. */
  isBusy(): boolean {
    return this.steps >= BUSY_STEPS;
  }

  /**
   * Returns whether a command fits into the task and no earlier command is held back. A command alone in a task always
   * fits.
   */
  fits(bytes: number): boolean {
    return this.held.length === 0 && this.leaves(bytes);
  }

  hold(command: Held): void {
    this.held.push(command);
  }

  /**
   * Issues the held commands that fit now. Returns whether the remaining commands need a new workflow task, because
   * nothing in progress will free room in the current task.
   */
  release(): boolean {
    for (;;) {
      const [next] = this.held;
      if (next === undefined) return false;
      if (!next.isStale() && next.mustYield) return true;
      if (!next.isStale() && !this.leaves(next.bytes)) return this.reserved === 0;
      this.held.shift();
      if (next.isStale()) next.drop();
      else next.issue();
    }
  }

  spend(bytes: number): void {
    this.used += bytes;
  }

  reserve(bytes: number): void {
    this.reserved += bytes;
  }

  /**
   * Records that a local activity has ended with a result of `bytes`, and frees the bytes that were reserved for it.
   */
  settle(reserved: number, bytes: number): void {
    this.reserved -= reserved;
    this.used += bytes;
  }

  private leaves(bytes: number): boolean {
    const taken = this.used + this.reserved;
    return taken === 0 || taken + bytes <= MAX_BYTES;
  }
}
