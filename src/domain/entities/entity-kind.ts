import type { z } from 'zod';
import type { EntityChange, Occurrence } from './change';

/** A kind of reactive state, defined in code. */
export interface EntityKind {
  kind: string;
  description: string;
  schema: z.ZodObject;
  /** Maps a change to the events that triggers listen to; a deriver that throws is recorded, the change itself still routes. */
  derive?(change: EntityChange): Occurrence[];
}
