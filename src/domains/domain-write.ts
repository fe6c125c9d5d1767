import type { EntityStore } from '../db/entity-store';
import type { Executor } from '../db/executor';
import type { Cause } from '../domain/entities/change';

/** The context of a write to a domain, the same for requests and actions; all of it happens in the transaction `tx`. */
export interface DomainWrite {
  tx: Executor;
  entities: EntityStore;
  cause: Cause;
  /** Time of the server. */
  now: Date;
}
