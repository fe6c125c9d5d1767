/** Time in milliseconds after which an automation's request is no longer considered. */
const RECENT_MS = 10_000;
/** Number of runs that must have waited for slots within `RECENT_MS` for an automation to count as being in a burst. */
const BURST_RUNS = 5;

/** The automations that request slots for their runs. */
export interface Requesters {
  /** Records that an automation requests a slot. */
  note(automationId: string): void;
  /** Records that a run of an automation has waited in the table for a slot. */
  noteWaited(automationId: string): void;
  /** Returns whether only one automation has requested slots in the last 10 s. */
  isAlone(): boolean;
  /** Returns whether an automation other than this one requested a slot in the last 10 s and is not in a burst. */
  hasOtherWithoutBurst(automationId: string): boolean;
}

interface Requester {
  /** Time of the last request, in milliseconds. */
  at: number;
  /** Start of the period in which `waited` is counted, in milliseconds. */
  since: number;
  waited: number;
}

/** Creates the record of requests. `now` returns the time in milliseconds. */
export function createRequesters(now: () => number): Requesters {
  /** The recent requesters by automation, in the order of their last requests. */
  const recent = new Map<string, Requester>();
  let last: string | undefined;
  /** The last time at which the requesting automation changed. */
  let changedAt = -Infinity;
  const isRecent = (at: number): boolean => at > now() - RECENT_MS;

  const forgetOld = (): void => {
    for (const [id, { at }] of recent) {
      if (isRecent(at)) return;
      recent.delete(id);
    }
  };

  return {
    note(automationId) {
      const at = now();
      if (last !== undefined && last !== automationId) changedAt = at;
      last = automationId;
      forgetOld();
      const known = recent.get(automationId);
      recent.delete(automationId);
      recent.set(automationId, known && isRecent(known.since) ? { ...known, at } : { at, since: at, waited: 0 });
    },
    noteWaited(automationId) {
      const requester = recent.get(automationId);
      if (requester !== undefined) requester.waited += 1;
    },
    isAlone: () => now() - changedAt > RECENT_MS,
    hasOtherWithoutBurst: (automationId) =>
      [...recent].some(([id, { at, waited }]) => id !== automationId && waited < BURST_RUNS && isRecent(at)),
  };
}
