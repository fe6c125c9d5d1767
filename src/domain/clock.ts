import { v7 } from 'uuid';

/** The source of the current time. Passed as a dependency so that tests can set the time. */
export interface Clock {
  now(): Date;
}

/** Creates UUID v7 ids, which sort by time. */
export interface Ids {
  next(): string;
}

export const systemClock: Clock = { now: () => new Date() };
export const uuidV7: Ids = { next: () => v7() };
