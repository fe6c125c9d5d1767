import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dev/embedded';
import { migrate } from '../../db/migrate';
import type { PluginMigrations } from '../../db/plugin-migrations';
import { createLogger } from '../../log';
import { CLOCK_OPTIONS, CLOCK_SQL } from './virtual-clock';

/** A temporary Postgres server, with a migrated database for each test. */
export interface ScratchPostgres {
  /** Creates a new database. Returns its URL. */
  create(): Promise<string>;
  drop(url: string): Promise<void>;
  stop(): Promise<void>;
}

const TEMPLATE = 'fermata_template';

/**
 * Starts a server in a temporary directory, which is removed when the server stops. The databases also have the tables
 * of `plugins`.
 */
export async function startScratchPostgres(plugins: readonly PluginMigrations[] = []): Promise<ScratchPostgres> {
  const home = mkdtempSync(join(tmpdir(), 'fermata-test-'));
  const remove = () => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  const postgres = await startEmbeddedPostgres({
    dataDir: join(home, 'postgres'),
    durable: false,
    maxConnections: 100,
  });
  // Also remove the directory when the process is interrupted. This handler is registered after the handler that kills
  // the server, because a running server would keep writing.
  process.once('exit', remove);
  const urlOf = (database: string) => `${postgres.url(database)}?options=${encodeURIComponent(CLOCK_OPTIONS)}`;
  const admin = new pg.Client({ connectionString: postgres.url('postgres') });
  admin.on('error', () => undefined);
  await admin.connect();
  await admin.query(`create database ${TEMPLATE}`);
  const template = new pg.Client({ connectionString: urlOf(TEMPLATE) });
  await template.connect();
  await template.query(CLOCK_SQL);
  await template.end();
  await migrate(urlOf(TEMPLATE), { log: createLogger({ level: 'silent', name: 'migrate' }), plugins });
  let made = 0;
  return {
    async create() {
      const name = `test_${++made}`;
      await admin.query(`create database ${name} template ${TEMPLATE}`);
      return urlOf(name);
    },
    async drop(url) {
      await admin.query(`drop database ${new URL(url).pathname.slice(1)} with (force)`);
    },
    async stop() {
      await admin.end();
      await postgres.stop();
      process.off('exit', remove);
      remove();
    },
  };
}
