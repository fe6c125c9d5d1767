import type { z } from 'zod';
import type { EntityChange, Occurrence } from './change';

/** A kind of state, defined in code. */
export interface EntityKind {
  kind: string;
  description: string;
  schema: z.ZodObject;
  /** False = readable and logged, but never emits a change; default true. */
  reactive?: boolean;
  /** Maps a change to the events that triggers listen to; a deriver that throws is recorded, the change itself still routes. */
  derive?(change: EntityChange): Occurrence[];
}
