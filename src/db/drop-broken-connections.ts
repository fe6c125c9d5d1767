import type pg from 'pg';
import { databaseCauses } from './availability';

/** Error message of node-postgres for a statement that got no answer within `query_timeout`. */
const NO_ANSWER = /Query read timeout/;

/** Returns whether a statement failed because it got no answer within `query_timeout`. */
export const isUnanswered = (error: unknown): boolean =>
  databaseCauses(error).some(({ message }) => NO_ANSWER.test(message));

/** Returns why a connection must not be used again after an error, or undefined when it may be used again. */
function brokenBy(error: unknown): 'no_answer' | 'stale_plan' | undefined {
  for (const { code, message } of databaseCauses(error)) {
    if (code === '0A000') return 'stale_plan';
    if (NO_ANSWER.test(message)) return 'no_answer';
  }
  return undefined;
}

interface TrackedClient extends pg.PoolClient {
  end(): Promise<void>;
}

/** Keeps unusable connections out of a pool by handling events of the pool's clients. */
export interface ConnectionWatch {
  /** Watches the statements of a new connection. */
  watch(client: pg.PoolClient): void;
  acquired(client: pg.PoolClient): void;
  released(client: pg.PoolClient): void;
  removed(client: pg.PoolClient): void;
  /**
   * Closes idle connections, and connections in use that do not answer within 8 s. Call it when another connection to
   * the same server was cut, because the pool's connections use the same network route.
   */
  suspect(): void;
}

/** Milliseconds that a connection in use has to answer after another connection was found to be cut. */
const GRACE_MS = 8_000;

/** One use of a client, from checkout to release, and the number of statements that were answered during it. */
interface Use {
  answers: number;
}

/** Reports how each statement of a client ends, whether the statement takes a callback or returns a promise. */
function watchStatements(
  client: TrackedClient,
  onAnswer: (client: TrackedClient) => void,
  onFailure: (client: TrackedClient, error: unknown) => void,
): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  const watched = (...args: unknown[]): unknown => {
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      args[args.length - 1] = (error: unknown, ...rest: unknown[]) => {
        if (error !== null && error !== undefined) onFailure(client, error);
        else onAnswer(client);
        (callback as (...results: unknown[]) => void)(error, ...rest);
      };
    }
    const result = query(...args);
    if (result instanceof Promise) {
      result.then(
        () => onAnswer(client),
        (error: unknown) => onFailure(client, error),
      );
    }
    return result;
  };
  client.query = watched as typeof client.query;
}

/**
 * Drops connections that would fail again. A connection with a prepared statement that a migration invalidated is
 * closed when it is released. A connection whose statement got no answer is closed at once, because it was probably cut
 * on the network (NAT, failover). Idle connections use the same network route, so they are closed too. Connections in
 * use are closed if they do not answer within 8 s; otherwise another statement could wait for its whole timeout.
 *
 * A process recovers from a cut within 30 s. Its listener detects the cut within 15 s (`db/notifier.ts`: a statement
 * every 5 s, with a timeout of 10 s). All connections are closed 8 s later. The loops and local activities that failed
 * start again within 2 s. Without a listener, the first statement detects the cut within 18 s (`db/client.ts`).
 */
export function createConnectionWatch(onBroken: (reason: string) => void): ConnectionWatch {
  const idle = new Set<TrackedClient>();
  const inUse = new Map<TrackedClient, Use>();
  const stale = new WeakSet<TrackedClient>();
  const close = (client: TrackedClient): void => {
    idle.delete(client);
    inUse.delete(client);
    client.connection.stream.destroy();
  };
  const suspect = (): void => {
    for (const client of idle) close(client);
    const suspects = [...inUse].map(([client, use]) => ({ client, use, answers: use.answers }));
    const closeSilent = () => {
      const isSilent = ({ client, use, answers }: (typeof suspects)[number]) =>
        inUse.get(client) === use && use.answers === answers;
      const silent = suspects.filter(isSilent);
      if (silent.length > 0) onBroken(`${silent.length} gave no answer after another one was found to be cut`);
      for (const { client } of silent) close(client);
    };
    if (suspects.length > 0) setTimeout(closeSilent, GRACE_MS).unref();
  };
  const noteAnswer = (client: TrackedClient): void => {
    const use = inUse.get(client);
    if (use) use.answers += 1;
  };
  const onFailure = (client: TrackedClient, error: unknown): void => {
    const reason = brokenBy(error);
    if (reason !== 'no_answer') noteAnswer(client);
    if (reason === undefined) return;
    onBroken(reason);
    if (reason === 'stale_plan') return void stale.add(client);
    close(client);
    suspect();
  };

  return {
    watch: (client: TrackedClient) => watchStatements(client, noteAnswer, onFailure),
    acquired(client: TrackedClient) {
      idle.delete(client);
      inUse.set(client, { answers: 0 });
    },
    released(client: TrackedClient) {
      inUse.delete(client);
      // The pool removes a client that is ending. If the client were ended earlier, the error of the rollback would
      // hide the error of the statement.
      if (stale.delete(client)) void client.end();
      else idle.add(client);
    },
    removed(client: TrackedClient) {
      idle.delete(client);
      inUse.delete(client);
    },
    suspect,
  };
}
