import type { EntityStore } from '../db/entity-store';
import type { Executor } from '../db/executor';
import type { Cause } from '../domain/entities/change';

/**
 * The context of a write to a domain, for API requests, actions and timers. The whole write happens in the transaction
 * `tx`.
 */
export interface DomainWrite {
  tx: Executor;
  entities: EntityStore;
  cause: Cause;
  /** The current time of the database. */
  now: Date;
}
