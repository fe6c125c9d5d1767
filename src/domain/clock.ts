import { v7 } from 'uuid';

/** Returns the time. A dependency, so that tests can set it. */
export interface Clock {
  now(): Date;
}

/** Creates ids: UUID v7, so that they sort by time. */
export interface Ids {
  next(): string;
}

export const systemClock: Clock = { now: () => new Date() };
export const uuidV7: Ids = { next: () => v7() };
