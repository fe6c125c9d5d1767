/**
 * A reservation is dropped when its run has not begun after this time: the run is in another process, or this process
 * was suspended.
 */
const FORGET_MS = 30_000;
/** Initial limit of runs in flight; it grows while starts stay quick. */
const INITIAL = 20;
/** Minimum limit of runs in flight, however slow the worker is. */
const LEAST = 10;
/** Minimum share of one automation. */
const LEAST_SHARE = 2;
/**
 * Number of runs beyond the limit that may start when their automation has none in flight, so that a rare run does not
 * wait for a burst of others.
 */
const BEYOND = 5;
/** After this time without requests of other automations, one automation may use all slots. */
const ALONE_MS = 10_000;
/** Weight of the newest start in the moving average of start times. */
const WEIGHT = 0.1;
/** Starts are quick while their average is at most `FACTOR` times the quickest one, plus `ALLOWANCE_MS`. */
const FACTOR = 2;
const ALLOWANCE_MS = 20;
/** The quickest start is forgotten at this rate for each start, so that it follows a machine that becomes slower. */
const FORGET_QUICKEST = 1.001;
/** Factor for the limit after a slow start. */
const SHRINK = 0.95;
/** A call that has not begun here this long after its execution handed it over is performed by another process. */
const ARRIVES_WITHIN_MS = 2_000;

/** The workflow task slots of this process that local steps and runs that are being started take. */
export interface RunSlots {
  /** Slots that a new run could have now. */
  free(): number;
  /**
   * Takes a slot for a run that is about to be started. Returns false when none is free, or its automation has used its
   * share. An automation without a run in flight may exceed the limit by a few.
   */
  reserve(runId: string, automationId: string): boolean;
  /** Takes a slot for a run that was taken from the table, whatever is free. */
  hold(runId: string, automationId: string): void;
  /**
   * Returns the maximum number of runs of one automation in flight: a quarter of the limit, or all of it while no other
   * automation requests slots.
   */
  share(): number;
  /** Returns automations that have used their share. */
  full(): string[];
  /** Releases a reservation; does nothing when none is held. */
  release(runId: string): void;
  /** Returns runs that have not begun and whose reservation is between `leastMs` and `mostMs` milliseconds old. */
  reservedFor(leastMs: number, mostMs: number): string[];
  /**
   * Notes that a local step begins in an execution. It holds a slot until the returned function is called, and beyond
   * that until `arrive` when the step hands its call over to a normal activity of a task queue that this process
   * serves.
   */
  enter(executionRunId: string, runId: string | undefined): (handsOverTo?: string) => void;
  /**
   * Notes that a local step of an execution waits for the answer to a call, until the returned function is called. It
   * keeps its slot but does not count as in flight, since it uses no CPU.
   */
  call(executionRunId: string): () => void;
  /**
   * Notes that a normal activity of an execution begins in this process. Call the returned function when it ends; when
   * the activity moves its call to another task queue, the call takes a slot again until it arrives there.
   */
  arrive(executionRunId: string, taskQueue: string): (handsOverTo?: string) => void;
}

interface Reservation {
  since: number;
  automationId: string;
}

/** An execution that is in local steps. */
interface Busy {
  /** Number of local steps in progress. */
  steps: number;
  /** Number of these steps that wait for the answer to a call. */
  calls: number;
  automationId: string | undefined;
}

interface SlotDeps {
  /** Workflow task slots of the process. */
  slots: number;
  /** Normal activities that the process performs at a time, on each task queue. */
  activities: number;
  /** Milliseconds; default: `Date.now`. */
  now?: () => number;
  /** Called when a slot becomes free. */
  onFree: () => void;
}

/**
 * Counts the workflow task slots that are taken. A run holds one from its start through all local steps in a row;
 * without a free one its start is not eager, which costs the server more, and a task that waits too long runs into its
 * timeout.
 *
 * The number of runs in flight is limited. The limit shrinks while starts take longer until their first step than the
 * quickest ones did, because runs then only wait for each other inside the worker, and grows while they are quick.
 * Other runs wait in the table, where automations take turns: so a burst of one automation delays another by a few
 * starts.
 */
export function createRunSlots(deps: SlotDeps): RunSlots {
  return new SlotTable(deps);
}

class SlotTable implements RunSlots {
  readonly #slots: number;
  readonly #activities: number;
  readonly #now: () => number;
  readonly #onFree: () => void;
  /** Reservations by run, oldest first. */
  readonly #reserved = new Map<string, Reservation>();
  /** Executions in local steps, by execution. */
  readonly #busy = new Map<string, Busy>();
  /**
   * Executions whose call is being handed over to a normal activity, oldest first. A handover costs the worker as much
   * as a start, so a burst of runs to a server that hangs would otherwise be started faster than it can be handled.
   */
  readonly #movingCalls = new Map<string, Reservation>();
  /** Number of normal activities in progress in this process, by task queue. */
  readonly #underWay = new Map<string, number>();
  /** Moving average of the time from a start to the first step, in milliseconds. */
  #averageMs = 0;
  /** The shortest such time, in milliseconds. */
  #quickestMs = Infinity;
  /** The automation that requested a slot last, and the time of the last request by a different one. */
  #lastRequester: string | undefined;
  #sharedAt = -Infinity;
  /** Maximum number of runs in flight. */
  #limit: number;

  constructor({ slots, activities, now = Date.now, onFree }: SlotDeps) {
    this.#slots = slots;
    this.#activities = activities;
    this.#now = now;
    this.#onFree = onFree;
    this.#limit = Math.min(slots, INITIAL);
  }

  free(): number {
    return this.#room(0);
  }

  reserve(runId: string, automationId: string): boolean {
    this.#noteRequest(automationId);
    const taken = this.#takenBy(automationId);
    const hasRoom = taken === 0 ? this.#room(BEYOND) > 0 : this.free() > 0 && taken < this.share();
    if (hasRoom) this.hold(runId, automationId);
    return hasRoom;
  }

  hold(runId: string, automationId: string): void {
    this.#noteRequest(automationId);
    this.#reserved.set(runId, { since: this.#now(), automationId });
  }

  /** Returns the number of free slots when `beyond` runs above the limit are allowed. */
  #room(beyond: number): number {
    this.#forgetOld();
    const limit = Math.floor(this.#limit) + this.#waiting() + beyond;
    return Math.max(0, Math.min(this.#slots, limit) - this.#taken());
  }

  /** Returns a quarter of the limit, so that a burst of one automation leaves room to the others. */
  share(): number {
    if (this.#now() - this.#sharedAt > ALONE_MS) return Math.max(LEAST_SHARE, Math.floor(this.#limit));
    return Math.max(LEAST_SHARE, Math.floor(this.#limit / 4));
  }

  full(): string[] {
    const taken = new Map<string, number>();
    for (const automationId of this.#inFlight()) taken.set(automationId, (taken.get(automationId) ?? 0) + 1);
    return [...taken].filter(([, count]) => count >= this.share()).map(([automationId]) => automationId);
  }

  release(runId: string): void {
    if (this.#reserved.delete(runId)) this.#onFree();
  }

  reservedFor(leastMs: number, mostMs: number): string[] {
    const [oldest, newest] = [this.#now() - mostMs, this.#now() - leastMs];
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
      if (!this.#move(executionRunId, entry.automationId, handsOverTo)) this.#onFree();
    };
  }

  call(executionRunId: string): () => void {
    const entry = this.#busy.get(executionRunId);
    if (entry === undefined) return () => {};
    entry.calls += 1;
    if (isWaiting(entry)) this.#onFree();
    return () => void (entry.calls -= 1);
  }

  arrive(executionRunId: string, taskQueue: string): (handsOverTo?: string) => void {
    const moved = this.#movingCalls.get(executionRunId);
    if (this.#movingCalls.delete(executionRunId)) this.#onFree();
    this.#underWay.set(taskQueue, this.#activitiesOn(taskQueue) + 1);
    return (handsOverTo) => {
      this.#underWay.set(taskQueue, this.#activitiesOn(taskQueue) - 1);
      this.#move(executionRunId, moved?.automationId, handsOverTo);
    };
  }

  /** Notes that a call moves to a task queue where it can soon begin. Returns whether it takes a slot until then. */
  #move(executionRunId: string, automationId: string | undefined, taskQueue: string | undefined): boolean {
    if (automationId === undefined || taskQueue === undefined || !this.#hasRoom(taskQueue)) return false;
    this.#movingCalls.set(executionRunId, { since: this.#now(), automationId });
    return true;
  }

  #activitiesOn(taskQueue: string): number {
    return this.#underWay.get(taskQueue) ?? 0;
  }

  /** Returns whether a call that goes to a task queue can soon begin here. */
  #hasRoom(taskQueue: string): boolean {
    return this.#activitiesOn(taskQueue) + this.#movingCalls.size < this.#activities;
  }

  /** Turns the reservation of a run into a busy slot. Returns its automation; undefined when it had no reservation. */
  #begin(runId: string): string | undefined {
    const reservation = this.#reserved.get(runId);
    if (reservation === undefined) return undefined;
    this.#reserved.delete(runId);
    this.#adapt(this.#now() - reservation.since);
    return reservation.automationId;
  }

  #noteRequest(automationId: string): void {
    if (this.#lastRequester !== undefined && this.#lastRequester !== automationId) this.#sharedAt = this.#now();
    this.#lastRequester = automationId;
  }

  /** Adapts the limit to the time that a start took until its first step. */
  #adapt(ms: number): void {
    this.#averageMs += WEIGHT * (ms - this.#averageMs);
    this.#quickestMs = Math.min(ms, this.#quickestMs * FORGET_QUICKEST);
    const least = Math.min(this.#slots, LEAST);
    if (this.#averageMs > FACTOR * this.#quickestMs + ALLOWANCE_MS) {
      this.#limit = Math.max(least, this.#limit * SHRINK);
    } else if (this.#taken() >= this.#limit / 4) {
      // The limit is raised only while it is used up: otherwise nothing shows that a higher one would help.
      this.#limit = Math.min(this.#slots, this.#limit + 1);
    }
  }

  #taken(): number {
    return this.#reserved.size + this.#busy.size + this.#movingCalls.size;
  }

  #forgetOld(): void {
    this.#forget(this.#reserved, FORGET_MS);
    this.#forget(this.#movingCalls, ARRIVES_WITHIN_MS);
  }

  /** Removes entries older than this many milliseconds. Entries are in order of time. */
  #forget(entries: Map<string, Reservation>, ms: number): void {
    for (const [id, { since }] of entries) {
      if (since > this.#now() - ms) return;
      entries.delete(id);
    }
  }

  /** Returns the number of executions that only wait for answers. */
  #waiting(): number {
    return [...this.#busy.values()].filter(isWaiting).length;
  }

  #takenBy(automationId: string): number {
    return this.#inFlight().filter((each) => each === automationId).length;
  }

  /** Returns the automation of each run in flight that was started here. */
  #inFlight(): string[] {
    const busy = [...this.#busy.values()].filter((entry) => !isWaiting(entry));
    const entries = [...this.#reserved.values(), ...busy, ...this.#movingCalls.values()];
    return entries.flatMap(({ automationId }) => automationId ?? []);
  }
}

const isWaiting = ({ steps, calls }: Busy): boolean => calls >= steps;
