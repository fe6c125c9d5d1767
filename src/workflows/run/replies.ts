import { condition } from '@temporalio/workflow';
import type { CommandOutcome } from '../../domain/run/activities';
import type { Command } from '../../domain/run/interpret/command';

/** The answer to a command. */
export type Reply = { value: unknown } | { error: unknown };

/** An event from outside the workflow: the end of an activity or a timer, a wake, or a cancellation. */
export interface Delivery {
  position: number;
  /** Number of the workflow task that the server began with this delivery; null for the end of a local activity. */
  task: number | null;
  /** Passes the answer to the fiber. Does nothing when no fiber waits for the answer. */
  take: () => void;
}

/**
 * Minimum pause of a wait in milliseconds. Clocks may disagree, so a timer may fire shortly before the deadline by the
 * database's clock. The pause prevents a series of immediate checks.
 */
const MIN_PAUSE_MS = 250;

/**
 * Returns the duration of a timer in milliseconds. The duration is positive even if no time is left, because there must
 * always be a timer: a replay may compute another duration but must issue the same commands.
 */
export function durationOf(command: Extract<Command, { type: 'sleep' | 'wait' }>): number {
  if (command.type === 'sleep' && command.retry) return command.ms;
  const ms = command.ms ?? (command.until ?? 0) - Date.now();
  return Math.max(command.type === 'wait' ? MIN_PAUSE_MS : 1, ms);
}

/**
 * Returns the outcome that a stretch has produced for a fiber's command. Throws when the outcome belongs to another
 * command, which is a bug.
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
 * Removes the outcome of a call from the outcomes of a stretch and returns it. A stretch contains such an outcome when
 * its worker classifies the action as short, but the worker that claimed the run classified it as long: one of the
 * workers runs another release or lacks the plugin. Returns null when the stretch did not perform the call.
 */
export function takePerformed({ path }: Extract<Command, { type: 'call' }>, ahead: CommandOutcome[]): Reply | null {
  const [next] = ahead;
  if (next?.at !== path || !('performed' in next)) return null;
  ahead.shift();
  return { value: next.performed };
}

/**
 * Waits for a delivery. This is the only suspension point. The condition is evaluated at once, and again after all
 * reactions to earlier commands have settled. Only then has everything that the last delivery caused, including the
 * cancellation of timers, been issued.
 */
export function delivered(ready: readonly Delivery[]): Promise<void> {
  let settled = false;
  return condition(() => {
    const isReady = settled && ready.length > 0;
    settled = true;
    return isReady;
  });
}
