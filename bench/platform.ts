import { Client, Connection } from '@temporalio/client';
import { startPostgres, startTemporal } from '../test/support/services';
import { startEffects, type Effects } from './effects';

/** What everything that is measured stands on. */
export interface Platform {
  postgres: Awaited<ReturnType<typeof startPostgres>>;
  temporal: Awaited<ReturnType<typeof startTemporal>>;
  /** The bench's own way to Temporal: starts of the bare engine, counts, histories. */
  client: Client;
  effects: Effects;
  close(): Promise<void>;
}

/**
 * A Postgres that keeps its promises (fsync on), the Temporal dev server of `temporal-dev.yml` with a database file, and
 * the far end. Each on a free port, with data in a temporary directory.
 */
export async function startPlatform(onProgress: (message: string) => void): Promise<Platform> {
  const postgres = await startPostgres({ durable: true, onProgress });
  const temporal = await startTemporal({ durable: true, onProgress }).catch(async (error: unknown) => {
    await postgres.destroy();
    throw error;
  });
  const connection = await Connection.connect({ address: temporal.address });
  const effects = await startEffects();
  return {
    ...{ postgres, temporal, effects },
    client: new Client({ connection, namespace: temporal.namespace }),
    async close() {
      await connection.close();
      await effects.close();
      await Promise.all([temporal.destroy(), postgres.destroy()]);
    },
  };
}
