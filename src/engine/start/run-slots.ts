/** A reservation that nothing was heard of for so long is given up: its run is somewhere else, or its process slept. */
const FORGET_MS = 30_000;
/** Starts that take longer than this until their first step mean that the worker is overloaded. */
const QUICK_START_MS = 1_000;
/** Weight of the newest start in the moving average. */
const WEIGHT = 0.1;
/** Runs that may be in flight however slow the worker is. */
const LEAST = 10;
/** A local step that takes longer waits for a far end: it holds a slot, and says nothing about the load of the worker. */
const WAITS_AFTER_MS = 1_000;

/** Workflow task slots of this process, as far as runs that are being started and local steps take them. */
export interface RunSlots {
  /** Slots that a new run could have now. */
  free(): number;
  /** Takes a slot for a run that is about to be started. False = none is free, or its automation has its share. */
  reserve(runId: string, automationId: string): boolean;
  /** Takes a slot for a run that was taken from the table, whatever is free. */
  hold(runId: string, automationId: string): void;
  /** Most slots that one automation takes: half of them. */
  share(): number;
  /** Automations that have their share. */
  full(): string[];
  /** Gives a reservation back; nothing happens when there is none. */
  release(runId: string): void;
  /** Runs whose reservation is older than so many milliseconds and that have not begun. */
  reservedFor(ms: number): string[];
  /** A local step begins in an execution: it holds a slot until the returned function is called. */
  enter(executionRunId: string, runId: string | undefined): () => void;
}

/**
 * Counts the workflow task slots that are taken. A run holds one from its start through all local steps in a row; without
 * a free one its start is not eager, which costs the server more, and a task that waits too long runs into its timeout.
 * The number of runs in flight follows what gets done: it shrinks while starts take long until their first step.
 */
export function createRunSlots(deps: { slots: number; now?: () => number; onFree: () => void }): RunSlots {
  const { slots, now = Date.now, onFree } = deps;
  /** Run → when its slot was reserved. */
  const reserved = new Map<string, { since: number; automationId: string }>();
  /** Execution → local steps that it is in, and when it began the first of them; in the order of that. */
  const busy = new Map<string, { steps: number; since: number; automationId: string | undefined }>();
  let averageMs = 0;

  const allowed = (): number => {
    const share = averageMs <= QUICK_START_MS ? 1 : QUICK_START_MS / averageMs;
    return Math.min(slots, Math.max(LEAST, Math.floor(slots * share)));
  };
  const forgetOld = (): void => {
    for (const [runId, { since }] of reserved) {
      // In the order of reservation.
      if (since > now() - FORGET_MS) return;
      reserved.delete(runId);
    }
  };
  const waiting = (): number => {
    let count = 0;
    for (const { since } of busy.values()) {
      if (since > now() - WAITS_AFTER_MS) break;
      count += 1;
    }
    return count;
  };
  const free = (): number => {
    forgetOld();
    const taken = reserved.size + busy.size;
    return Math.max(0, Math.min(slots - taken, allowed() + waiting() - taken));
  };

  /** What an automation may take, so that a burst of one leaves slots to the others. */
  const share = (): number => Math.max(LEAST, Math.floor(allowed() / 2));
  const takenBy = (automationId: string): number => {
    const entries = [...reserved.values(), ...busy.values()];
    return entries.filter((entry) => entry.automationId === automationId).length;
  };

  return {
    free,
    reserve(runId, automationId) {
      if (free() === 0 || takenBy(automationId) >= share()) return false;
      reserved.set(runId, { since: now(), automationId });
      return true;
    },
    share,
    hold: (runId, automationId) => void reserved.set(runId, { since: now(), automationId }),
    full() {
      const automations = new Set([...reserved.values()].map(({ automationId }) => automationId));
      return [...automations].filter((automationId) => takenBy(automationId) >= share());
    },
    release(runId) {
      if (reserved.delete(runId)) onFree();
    },
    reservedFor: (ms) => [...reserved].filter(([, { since }]) => since <= now() - ms).map(([runId]) => runId),
    enter(executionRunId, runId) {
      const reservation = runId === undefined ? undefined : reserved.get(runId);
      if (runId !== undefined && reservation !== undefined) {
        reserved.delete(runId);
        averageMs += WEIGHT * (now() - reservation.since - averageMs);
      }
      const { automationId } = reservation ?? {};
      const entry = busy.get(executionRunId) ?? { steps: 0, since: now(), automationId };
      entry.steps += 1;
      busy.set(executionRunId, entry);
      return () => {
        entry.steps -= 1;
        if (entry.steps === 0) {
          busy.delete(executionRunId);
          onFree();
        }
      };
    },
  };
}
