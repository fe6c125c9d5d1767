import type pg from 'pg';
import { databaseCauses } from './availability';

/** Message of node-postgres when a statement had no answer within `query_timeout`. */
const NO_ANSWER = /Query read timeout/;

/** Returns why a connection must not be used again after an error; undefined when it may. */
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

/** Handlers for a pool's clients that keep unusable connections out of the pool. */
export interface ConnectionWatch {
  /** Watches the statements of a new connection. */
  watch(client: pg.PoolClient): void;
  acquired(client: pg.PoolClient): void;
  released(client: pg.PoolClient): void;
  removed(client: pg.PoolClient): void;
}

/**
 * Drops connections that would fail again. A connection whose prepared statement a migration made invalid is ended when
 * it is released. A connection whose statement had no answer is closed at once, since it was probably cut on the
 * network (NAT, failover). Idle connections took the same route and are closed too, so that recovery takes one timeout,
 * not one for each connection.
 */
export function createConnectionWatch(onBroken: (reason: string) => void): ConnectionWatch {
  const idle = new Set<TrackedClient>();
  const stale = new WeakSet<TrackedClient>();
  const close = (client: TrackedClient): void => {
    idle.delete(client);
    client.connection.stream.destroy();
  };
  const onFailure = (client: TrackedClient, error: unknown): void => {
    const reason = brokenBy(error);
    if (reason === undefined) return;
    onBroken(reason);
    if (reason === 'stale_plan') stale.add(client);
    else for (const each of [client, ...idle]) close(each);
  };

  return {
    watch(client: TrackedClient) {
      const query = client.query.bind(client) as (...args: unknown[]) => unknown;
      const watched = (...args: unknown[]): unknown => {
        const callback = args.at(-1);
        if (typeof callback === 'function') {
          args[args.length - 1] = (error: unknown, ...rest: unknown[]) => {
            if (error !== null && error !== undefined) onFailure(client, error);
            (callback as (...results: unknown[]) => void)(error, ...rest);
          };
        }
        const result = query(...args);
        if (result instanceof Promise) result.catch((error: unknown) => onFailure(client, error));
        return result;
      };
      client.query = watched as typeof client.query;
    },
    acquired: (client) => void idle.delete(client),
    released(client: TrackedClient) {
      // The pool removes a client that is ending. Ending it earlier would hide the error of the statement behind that of the rollback.
      if (stale.delete(client)) void client.end();
      else idle.add(client);
    },
    removed: (client) => void idle.delete(client),
  };
}
