import pg from 'pg';
import { migrate } from '../../src/db/migrate';
import { findEnforcement } from '../../src/integrations/script/enforcement';
import { createLogger } from '../../src/log';
import { TEMPLATE_DATABASE } from './environment';
import { startPostgres, startTemporal, type Service } from './services';

declare global {
  /** The services that `global-teardown.ts` ends. Both run in jest's main process. */
  var fermataTestServices: Service[] | undefined;
}

/**
 * Starts one Postgres and one Temporal for all integration tests, and migrates the database that test databases are
 * copied from.
 */
export default async function globalSetup(): Promise<void> {
  const onProgress = (message: string) => console.error(`[setup] ${message}`);
  const [postgres, temporal] = await Promise.all([
    startPostgres({ onProgress }),
    startTemporal({ durable: false, onProgress }),
  ]);
  globalThis.fermataTestServices = [temporal, postgres];
  const admin = new pg.Client({ connectionString: postgres.url('postgres') });
  await admin.connect();
  await admin.query(`create database ${TEMPLATE_DATABASE}`);
  await migrate(postgres.url(TEMPLATE_DATABASE), { log: createLogger({ level: 'warn', name: 'migrate' }) });
  await admin.query(`alter database ${TEMPLATE_DATABASE} with is_template true allow_connections false`);
  await admin.end();
  process.env['FERMATA_TEST_POSTGRES_URL'] = postgres.url('postgres');
  process.env['FERMATA_TEST_TEMPORAL_ADDRESS'] = temporal.address;
  process.env['FERMATA_TEST_TEMPORAL_NAMESPACE'] = temporal.namespace;
  const { by, detail } = await findEnforcement('auto');
  if (by === 'rlimit') onProgress(`skipping the tests of cgroups of scripts: ${detail}`);
  process.env['FERMATA_TEST_SCRIPT_CGROUP'] = by === 'cgroup' ? detail : '';
}
