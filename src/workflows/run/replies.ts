import { condition } from '@temporalio/workflow';
import type { CommandOutcome } from '../../domain/run/activities';
import type { Command } from '../../domain/run/interpret/command';

/** The answer to a command. */
export type Reply = { value: unknown } | { error: unknown };

/** An event from outside the workflow: the end of an activity or a timer, a wake, a cancel. */
export interface Delivery {
  position: number;
  /** Workflow task that the server began with this delivery; null for the end of a local activity. */
  task: number | null;
  /** Passes the answer to the fiber; does nothing when no fiber waits for it any more. */
  take: () => void;
}

/** Least pause of a wait: its timer may fire a moment before the deadline by the database's clock. */
const LEAST_PAUSE_MS = 250;

/**
 * Always a timer, also for no time at all: a replay may compute another duration, and the commands have to be the same.
 */
export function durationOf(command: Extract<Command, { type: 'sleep' | 'wait' }>): number {
  if (command.type === 'sleep' && command.retry) return command.ms;
  const ms = command.ms ?? (command.until ?? 0) - Date.now();
  return Math.max(command.type === 'wait' ? LEAST_PAUSE_MS : 1, ms);
}

/**
 * Returns the outcome that a stretch carried out. It must belong to the command of the fiber; a difference is a bug,
 * and throws.
 */
export function outcomeOf(
  command: Extract<Command, { type: 'evaluate' | 'perform' }>,
  done: CommandOutcome | undefined,
): unknown {
  const iteration = command.type === 'evaluate' ? command.iteration : undefined;
  const isNext = done?.at === command.path && ('evaluated' in done ? done.iteration : undefined) === iteration;
  if (done && isNext && command.type === 'evaluate' && 'evaluated' in done) return done.evaluated;
  if (done && isNext && command.type === 'perform' && 'performed' in done) return done.performed;
  throw new Error(`The stretch performed ${done?.at ?? 'nothing'}, but ${command.path} was next`);
}

/**
 * Waits for a delivery. This is the only suspension point. The condition is evaluated at once, and again when all
 * reactions to earlier commands have settled. Only then does everything that the last delivery caused, cancelled timers
 * included, count as issued.
 */
export function delivered(ready: readonly Delivery[]): Promise<void> {
  let settled = false;
  return condition(() => {
    const isReady = settled && ready.length > 0;
    settled = true;
    return isReady;
  });
}
