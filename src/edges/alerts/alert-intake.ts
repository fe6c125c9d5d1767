import type { EntityStore } from '../../db/entity-store';
import type { Executor } from '../../db/executor';
import type { Clock } from '../../domain/clock';
import type { Cause } from '../../domain/entities/change';
import type { AlertSettings } from '../../domains/alert/take-alerts';
import { createGroupCommit } from './group-commit';
import { alertsOf, receiveAlerts } from './receive-alerts';
import type { SenderMessage } from './sender';

/** A message with more elements than this gets a separate transaction. */
const SMALL_MESSAGE = 10;

/** Maximum number of small messages in a transaction. */
const MAX_MESSAGES = 50;

/** Maximum number of concurrent shared transactions. Further messages wait and are batched. */
const MAX_TRANSACTIONS = 2;

/** A message and its sender. */
export interface Delivery {
  message: Pick<SenderMessage, 'elements'>;
  cause: Cause;
}

/** Accepts alert messages. Only used for messages that have neither an idempotency key nor a delivery id. */
export interface AlertIntake {
  /**
   * Commits a message. Returns the ids of its change rows. Small messages that arrive at the same time share a
   * transaction.
   */
  take(delivery: Delivery): Promise<string[]>;
}

interface AlertIntakeDeps {
  entities: EntityStore;
  clock: Clock;
  settings: { alerts: AlertSettings };
  /** Runs `work` in a transaction, and repeats it if the database aborted the transaction to resolve a deadlock. */
  transact<T>(work: (tx: Executor) => Promise<T>): Promise<T>;
}

/** Returns the keys of the entities that a message may write to. */
const keysOf = ({ message }: Delivery): string[] =>
  alertsOf(message).flatMap(({ alert, link }) => [alert.fingerprint, ...(link === undefined ? [] : [link.key])]);

/** Creates the intake, which batches small messages from the same sender. */
export function createAlertIntake({ entities, clock, settings, transact }: AlertIntakeDeps): AlertIntake {
  const commit = (deliveries: readonly Delivery[]) =>
    transact(async (tx) => {
      const [first] = deliveries;
      if (first === undefined) return [];
      const write = { tx, entities, cause: first.cause, now: clock.now() };
      const messages = deliveries.map(({ message }) => message);
      return receiveAlerts(write, messages, settings.alerts);
    });
  const takeSmall = createGroupCommit({
    ...{ commit, keysOf, maxTransactions: MAX_TRANSACTIONS, maxItems: MAX_MESSAGES },
    groupOf: ({ cause }: Delivery) => JSON.stringify(cause),
  });
  return {
    async take(delivery) {
      if (delivery.message.elements.length <= SMALL_MESSAGE) return takeSmall(delivery);
      const [changeIds = []] = await commit([delivery]);
      return changeIds;
    },
  };
}
