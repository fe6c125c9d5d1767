import { LruCache } from '../../domain/expressions/lru-cache';
import { createRequesters, type Requesters } from './requesters';
import { createRunLimit, type RunLimit } from './run-limit';

/**
 * Milliseconds after which a reservation whose run has not begun is dropped: the run is in another process, or this
 * process was suspended.
 */
const FORGET_MS = 30_000;
/**
 * Number of runs that may start beyond the limit when their automation has none in flight, so that a rare run does not
 * wait for a burst of others.
 */
const BEYOND = 5;
/** Age in milliseconds at which a run that has not begun no longer counts towards the share of its automation. */
const SHARE_FORGETS_MS = 5_000;
/**
 * Milliseconds after its handover within which a call must begin here. After that, another process is assumed to
 * perform it.
 */
const ARRIVES_WITHIN_MS = 2_000;
/**
 * Milliseconds within which a resumed run usually begins its next local step here. After that, either another process
 * has continued the run, or the run waits for another of its branches.
 */
const RESUMES_WITHIN_MS = 250;
/** Longest wait of a run in `resume`, in milliseconds. */
const MAX_RESUME_WAIT_MS = 5_000;
/** Pause in milliseconds between two runs of an automation whose share is half a run. */
const PAUSE_MS = 20;
/** Maximum number of runs whose automation is remembered. */
const REMEMBERED = 5_000;

/** Counts the workflow task slots of this process that are taken by local steps and by runs that are being started. */
export interface RunSlots {
  /** Returns the number of slots that are available to new runs. */
  free(): number;
  /**
   * Takes a slot for a run that is about to be started. Returns false when no slot is free or the run's automation has
   * used its share. A run whose automation has none in flight is accepted even a few runs beyond the limit.
   */
  reserve(runId: string, automationId: string): boolean;
  /** Takes a slot for a run that was taken from the table, even if none is free. */
  hold(runId: string, automationId: string): void;
  /**
   * Returns the maximum number of runs of one automation in flight. While no other automation requests slots, this is
   * the limit. Otherwise it is between one and a quarter of the limit, depending on how quick recent starts were. If
   * starts stay slow even with one run in flight, and another automation has few runs, the waiting runs of this
   * automation start with pauses of up to 80 ms.
   */
  share(): number;
  /**
   * Returns the automations that have used their share, or that pause between two runs because the share is below one
   * run.
   */
  full(): string[];
  /** Releases a reservation. Does nothing when the run has none. */
  release(runId: string): void;
  /** Returns runs that have not begun and whose reservations are between `minMs` and `maxMs` milliseconds old. */
  reservedFor(minMs: number, maxMs: number): string[];
  /**
   * Records that a local step of an execution begins. The step holds a slot until the returned function is called. If
   * the step hands its call over to a normal activity, and this process has room for the activity, the slot is held
   * until `arrive` is called, but at most for another 2 s.
   */
  enter(executionRunId: string, runId: string | undefined): (handsOverTo?: string) => void;
  /**
   * Records that a local step of an execution waits for the answer to a call, until the returned function is called.
   * The step keeps its slot but does not count as in flight, since it uses no CPU.
   */
  call(executionRunId: string): () => void;
  /**
   * Records that a normal activity of an execution has begun in this process, and releases the slot that was held for
   * its handover. Call the returned function when the activity ends. If the activity hands its call over to another
   * task queue, pass that queue: a slot is then held until the call arrives there, but for at most 2 s. No slot is held
   * if this process has no room for the call, or if none was held for the handover to this activity.
   */
  arrive(executionRunId: string, taskQueue: string): (handsOverTo?: string) => void;
  /**
   * Waits until a run whose call was answered, or that was woken, may continue: for at most 5 s, or until `signal` is
   * aborted. The run then takes a slot until its next local step. Without this wait, the runs of a burst that are
   * answered or woken at the same moment would continue together and delay every other run. Does not wait when the run
   * had no local step in this process.
   */
  resume(runId: string, signal: AbortSignal): Promise<void>;
}

interface Reservation {
  since: number;
  automationId: string;
}

/** An execution with local steps in progress. */
interface Busy {
  /** Number of local steps in progress. */
  steps: number;
  /** Number of these steps that wait for the answer to a call. */
  calls: number;
  automationId: string | undefined;
}

interface SlotDeps {
  /** Number of workflow task slots of the process. */
  slots: number;
  /** Maximum number of normal activities that the process performs concurrently, on each task queue. */
  activities: number;
  /** Returns a monotonic time in milliseconds. Default: `performance.now`. */
  now?: () => number;
  /** Called when a slot becomes free. */
  onFree: () => void;
}

/**
 * Counts the workflow task slots that are taken. A run holds a slot from its start until its consecutive local steps
 * have ended. If no slot is free, a run cannot start eagerly, which costs the server more, and a task that waits too
 * long times out.
 *
 * The number of runs in flight is limited (`run-limit.ts`). Other runs wait in the table, where automations take turns.
 */
export function createRunSlots(deps: SlotDeps): RunSlots {
  return new SlotTable(deps);
}

class SlotTable implements RunSlots {
  readonly #slots: number;
  readonly #activities: number;
  readonly #now: () => number;
  readonly #onFree: () => void;
  /** Reservations by run id, ordered from oldest to newest. */
  readonly #reserved = new Map<string, Reservation>();
  /** Executions with local steps in progress, by execution id. */
  readonly #busy = new Map<string, Busy>();
  /**
   * Executions whose call is being handed over to a normal activity, ordered from oldest to newest. A handover costs
   * the worker as much as a start. If it did not count, a burst of runs that call a hanging server would be started
   * faster than their calls can be handed over.
   */
  readonly #movingCalls = new Map<string, Reservation>();
  /** Runs that were resumed and have not begun their next local step. */
  readonly #resuming = new Map<string, { automationId: string }>();
  /** Runs that wait in `resume` for a slot, ordered from oldest to newest. */
  readonly #toResume = new Set<{ automationId: string; resume: () => void }>();
  /** Automations of runs that had a local step here. */
  readonly #automations = new LruCache<string>(REMEMBERED, Infinity);
  /** Automations whose next waiting run may start only after a pause, with the timers that end the pauses. */
  readonly #pausing = new Map<string, NodeJS.Timeout>();
  /** Number of normal activities in progress in this process, by task queue. */
  readonly #activitiesInProgress = new Map<string, number>();
  readonly #requesters: Requesters;
  readonly #limit: RunLimit;

  constructor({ slots, activities, now = () => performance.now(), onFree }: SlotDeps) {
    this.#slots = slots;
    this.#activities = activities;
    this.#now = now;
    this.#onFree = () => {
      this.#resumeWaiting();
      onFree();
    };
    this.#limit = createRunLimit(slots);
    this.#requesters = createRequesters(now);
  }

  free(): number {
    return this.#room(0);
  }

  reserve(runId: string, automationId: string): boolean {
    this.#requesters.note(automationId);
    const hasSlot = this.#hasSlotFor(automationId);
    if (hasSlot) this.#take(runId, automationId);
    return hasSlot;
  }

  #hasSlotFor(automationId: string): boolean {
    const taken = this.#takenBy(automationId);
    return taken === 0 ? this.#room(BEYOND) > 0 : this.free() > 0 && taken < this.share();
  }

  hold(runId: string, automationId: string): void {
    this.#requesters.note(automationId);
    this.#requesters.noteWaited(automationId);
    this.#take(runId, automationId);
  }

  #take(runId: string, automationId: string): void {
    this.#reserved.set(runId, { since: this.#now(), automationId });
  }

  /** Returns the number of free slots if `beyond` runs above the limit are allowed. */
  #room(beyond: number): number {
    this.#forgetOld();
    const limit = Math.floor(this.#limit.limit()) + this.#waiting() + beyond;
    return Math.max(0, Math.min(this.#slots, limit) - this.#taken());
  }

  share(): number {
    return Math.max(1, Math.floor(this.#requesters.isAlone() ? this.#limit.limit() : this.#limit.share()));
  }

  full(): string[] {
    const taken = new Map<string, number>();
    for (const automationId of this.#inFlight()) taken.set(automationId, (taken.get(automationId) ?? 0) + 1);
    const full = [...taken].filter(([, count]) => count >= this.share()).map(([automationId]) => automationId);
    return [...new Set([...full, ...this.#pausing.keys()])];
  }

  /**
   * Records that a run is no longer in flight. If the share is below one run, the next waiting run of its automation
   * may start only after a pause.
   */
  #leave(automationId: string | undefined): void {
    const pauseMs = PAUSE_MS * (1 / Math.min(1, this.#limit.share()) - 1);
    if (automationId !== undefined && pauseMs >= 1 && this.#requesters.hasOtherWithoutBurst(automationId)) {
      clearTimeout(this.#pausing.get(automationId));
      const end = (): void => {
        this.#pausing.delete(automationId);
        this.#onFree();
      };
      this.#pausing.set(automationId, setTimeout(end, pauseMs).unref());
    }
    this.#onFree();
  }

  release(runId: string): void {
    if (this.#reserved.delete(runId)) this.#onFree();
  }

  reservedFor(minMs: number, maxMs: number): string[] {
    const [oldest, newest] = [this.#now() - maxMs, this.#now() - minMs];
    return [...this.#reserved].filter(([, { since }]) => since >= oldest && since <= newest).map(([runId]) => runId);
  }

  enter(executionRunId: string, runId: string | undefined): (handsOverTo?: string) => void {
    const automationId = runId === undefined ? undefined : this.#begin(runId);
    const entry = this.#busy.get(executionRunId) ?? { steps: 0, calls: 0, automationId };
    entry.steps += 1;
    this.#busy.set(executionRunId, entry);
    return (handsOverTo) => {
      entry.steps -= 1;
      if (entry.steps > 0) return;
      this.#busy.delete(executionRunId);
      if (!this.#move(executionRunId, entry.automationId, handsOverTo)) this.#leave(entry.automationId);
    };
  }

  call(executionRunId: string): () => void {
    const entry = this.#busy.get(executionRunId);
    if (entry === undefined) return () => {};
    entry.calls += 1;
    if (isWaiting(entry)) this.#leave(entry.automationId);
    return () => void (entry.calls -= 1);
  }

  arrive(executionRunId: string, taskQueue: string): (handsOverTo?: string) => void {
    const moved = this.#movingCalls.get(executionRunId);
    if (this.#movingCalls.delete(executionRunId)) this.#leave(moved?.automationId);
    this.#activitiesInProgress.set(taskQueue, this.#activitiesOn(taskQueue) + 1);
    return (handsOverTo) => {
      this.#activitiesInProgress.set(taskQueue, this.#activitiesOn(taskQueue) - 1);
      this.#move(executionRunId, moved?.automationId, handsOverTo);
    };
  }

  resume(runId: string, signal: AbortSignal): Promise<void> {
    const automationId = this.#automations.get(runId);
    if (automationId === undefined || signal.aborted) return Promise.resolve();
    this.#requesters.note(automationId);
    return new Promise((resolve) => {
      const resume = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', resume);
        this.#toResume.delete(waiting);
        this.#holdUntilNextStep(runId, automationId);
        resolve();
      };
      const waiting = { automationId, resume };
      const timer = setTimeout(resume, MAX_RESUME_WAIT_MS);
      signal.addEventListener('abort', resume, { once: true });
      this.#toResume.add(waiting);
      this.#resumeWaiting();
    });
  }

  /** Resumes waiting runs while slots are free. The oldest run is resumed first. */
  #resumeWaiting(): void {
    const full = new Set<string>();
    for (const { automationId, resume } of this.#toResume) {
      if (full.has(automationId)) continue;
      if (!this.#pausing.has(automationId) && this.#hasSlotFor(automationId)) resume();
      else full.add(automationId);
    }
  }

  #holdUntilNextStep(runId: string, automationId: string): void {
    const held = { automationId };
    this.#resuming.set(runId, held);
    setTimeout(() => {
      if (this.#resuming.get(runId) !== held) return;
      this.#resuming.delete(runId);
      this.#onFree();
    }, RESUMES_WITHIN_MS).unref();
  }

  /**
   * Records that a call moves to a task queue, if it can soon begin there. Returns whether the call takes a slot until
   * then.
   */
  #move(executionRunId: string, automationId: string | undefined, taskQueue: string | undefined): boolean {
    if (automationId === undefined || taskQueue === undefined || !this.#hasRoom(taskQueue)) return false;
    this.#movingCalls.set(executionRunId, { since: this.#now(), automationId });
    return true;
  }

  #activitiesOn(taskQueue: string): number {
    return this.#activitiesInProgress.get(taskQueue) ?? 0;
  }

  /** Returns whether a call that moves to a task queue can soon begin in this process. */
  #hasRoom(taskQueue: string): boolean {
    return this.#activitiesOn(taskQueue) + this.#movingCalls.size < this.#activities;
  }

  /**
   * Ends the reservation of a run whose first local step begins, and adapts the limit to how long the start took.
   * Returns the run's automation if the run was started here, otherwise undefined.
   */
  #begin(runId: string): string | undefined {
    this.#resuming.delete(runId);
    const reservation = this.#reserved.get(runId);
    if (reservation === undefined) return this.#automations.get(runId);
    const inFlight = this.#taken() - this.#waiting();
    this.#limit.adapt(this.#now() - reservation.since, { inFlight, isShareUsed: this.full().length > 0 });
    this.#reserved.delete(runId);
    this.#automations.set(runId, reservation.automationId, 1);
    return reservation.automationId;
  }

  #taken(): number {
    return this.#reserved.size + this.#busy.size + this.#movingCalls.size + this.#resuming.size;
  }

  #forgetOld(): void {
    this.#forget(this.#reserved, FORGET_MS);
    this.#forget(this.#movingCalls, ARRIVES_WITHIN_MS);
  }

  /** Removes entries that are older than `ms` milliseconds. Entries are ordered by time. */
  #forget(entries: Map<string, Reservation>, ms: number): void {
    for (const [id, { since }] of entries) {
      if (since > this.#now() - ms) return;
      entries.delete(id);
    }
  }

  /** Returns the number of executions whose steps all wait for answers. */
  #waiting(): number {
    return [...this.#busy.values()].filter(isWaiting).length;
  }

  #takenBy(automationId: string): number {
    return this.#inFlight().filter((each) => each === automationId).length;
  }

  /** Returns the automations of the runs in flight that were started here, with one entry per run. */
  #inFlight(): string[] {
    const busy = [...this.#busy.values()].filter((entry) => !isWaiting(entry));
    const between = [...this.#movingCalls.values(), ...this.#resuming.values()];
    const starting = [...this.#reserved.values()].filter(({ since }) => since > this.#now() - SHARE_FORGETS_MS);
    const entries = [...starting, ...busy, ...between];
    return entries.flatMap(({ automationId }) => automationId ?? []);
  }
}

const isWaiting = ({ steps, calls }: Busy): boolean => calls >= steps;
