import { v7 } from 'uuid';

/** Where the time comes from; a dependency, so that tests can move it. */
export interface Clock {
  now(): Date;
}

/** Where new keys come from: UUID v7, so that keys sort by time. */
export interface Ids {
  next(): string;
}

export const systemClock: Clock = { now: () => new Date() };
export const uuidV7: Ids = { next: () => v7() };
