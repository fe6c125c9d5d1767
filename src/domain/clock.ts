import { v7 } from 'uuid';

/** The source of the current time. It is passed as a dependency, so that tests can set the time. */
export interface Clock {
  now(): Date;
}

/** Creates ids. They are UUID v7, so that they sort by time. */
export interface Ids {
  next(): string;
}

export const systemClock: Clock = { now: () => new Date() };
export const uuidV7: Ids = { next: () => v7() };
