import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { startPostgres, startTemporal } from '../test/support/services';
import { startEffects, type Effects } from './effects';

/** The servers that all measurements share. */
export interface Platform {
  postgres: Awaited<ReturnType<typeof startPostgres>>;
  temporal: Awaited<ReturnType<typeof startTemporal>>;
  /** The bench's own connection to Temporal, used for bare engine starts, counts and histories. */
  client: Client;
  effects: Effects;
  close(): Promise<void>;
}

/**
 * Starts a durable Postgres (fsync on), the Temporal dev server of `temporal-dev.yml` with a database file, and the
 * receiver. Each uses a free port and keeps its data in a temporary directory.
 */
export async function startPlatform(
  onProgress: (message: string) => void,
  { countsStatements }: { countsStatements: boolean },
): Promise<Platform> {
  const postgres = await startPostgres({ durable: true, onProgress });
  if (countsStatements) await loadStatementCounters(postgres);
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

/** Restarts Postgres with `pg_stat_statements`. */
async function loadStatementCounters(postgres: Platform['postgres']): Promise<void> {
  const admin = new pg.Client({ connectionString: postgres.url('postgres') });
  await admin.connect();
  await admin.query(`alter system set shared_preload_libraries = 'pg_stat_statements'`).finally(() => admin.end());
  await postgres.stop();
  await postgres.start();
}
