import type { PlanNode } from '../../domain/run/plan';
import type { RunError } from '../../domain/run/step-record';

/**
 * Bytes of commands and markers that one workflow task takes. Temporal refuses its completion above 4 MB; what is counted leaves
 * out headers, notes and the results of steps of the run itself, of which one is under way at a time (at most 1.5 MB).
 */
const MOST_BYTES = 2_000_000;
/** Largest input of one activity, and largest snapshot, in bytes; Temporal refuses payloads above 2 MB. */
export const MOST_INPUT_BYTES = 2_000_000;

/** The size of an input that is too large, for a message. */
export const overLimit = (bytes: number): string =>
  `${Math.ceil(bytes / 1024)} KB, at most ${Math.floor(MOST_INPUT_BYTES / 1024)} KB`;

/** The failure of a call whose input Temporal would refuse. */
export function inputTooLarge({ id }: PlanNode, path: string, bytes: number): RunError {
  const message = `Variables and the item of the loop are together too large for a call: ${overLimit(bytes)}.`;
  return { code: 'limit_exceeded', message, path, ...(id !== null && { actionId: id }) };
}

/** Reserved for the result of a stretch of a branch, in bytes, by the kind of its first step. */
export function resultBytes({ kind, ...node }: PlanNode): number {
  if (kind === 'variables') return 320_000;
  return 'form' in node && node.form === 'for_each' ? 1_200_000 : 100_000;
}

/** Size of a value as a payload, in bytes. */
export function bytesOf(value: unknown): number {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? 0 : new TextEncoder().encode(text).length;
}

/** A command that waits for the next workflow task. */
interface Held {
  bytes: number;
  /** Its branch was cancelled meanwhile. */
  isStale: () => boolean;
  issue: () => void;
  /** Called instead of `issue` when it is stale. */
  drop: () => void;
}

/**
 * Counts the bytes of the workflow task under way and holds back commands that would not fit. What it counts depends on the
 * order of deliveries only, so that a replay counts the same: a task begins with what the server delivers, never with the
 * end of a local activity.
 */
export class TaskRoom {
  private used = 0;
  /** For local activities under way, whose results are not known yet. */
  private reserved = 0;
  private task = -1;
  private held: Held[] = [];

  /** The server has delivered something: what was issued before it is in the history. */
  begin(task: number): void {
    if (task === this.task) return;
    this.task = task;
    this.used = 0;
  }

  /** Whether more bytes fit beside those that are held already; a single command always fits. */
  fits(bytes: number): boolean {
    return this.held.length === 0 && this.leaves(bytes);
  }

  hold(command: Held): void {
    this.held.push(command);
  }

  /** Issues what was held and fits now. Returns whether the rest needs a new workflow task: nothing under way frees room. */
  release(): boolean {
    for (;;) {
      const [next] = this.held;
      if (next === undefined) return false;
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

  /** A local activity has ended with a result of so many bytes. */
  settle(reserved: number, bytes: number): void {
    this.reserved -= reserved;
    this.used += bytes;
  }

  private leaves(bytes: number): boolean {
    const taken = this.used + this.reserved;
    return taken === 0 || taken + bytes <= MOST_BYTES;
  }
}
