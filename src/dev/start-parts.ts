import { isTemporalReachable } from './dev-server';
import type { Config } from '../config';
import type { Say } from './output';
import type { PartList } from './part-list';
import { embeddedPostgres, startOwnProcess, temporalDevServer } from './parts';

/** Inputs of the functions that start parts. */
export interface StartContext {
  config: Config;
  env: NodeJS.ProcessEnv;
  say: Say;
  parts: PartList;
}

/** If an API or worker ends this many times before it is ready, the start of the stack fails. */
const MAX_FAILED_STARTS = 3;
const STILL_WAITING_MS = 15_000;

/** Returns the URL of the database. Uses `DATABASE_URL`, or starts an embedded Postgres. */
export async function startPostgres({ config, env, say, parts }: StartContext): Promise<string> {
  if (config.databaseUrl !== undefined) {
    say('postgres', 'using DATABASE_URL');
    return config.databaseUrl;
  }
  say('postgres', 'starting');
  const report = (line: string) => say('postgres', line);
  const postgres = await parts.run('postgres', embeddedPostgres({ config, env, report }));
  say('postgres', `ready on port ${postgres.port}`);
  return postgres.url();
}

/**
 * Returns the environment with which the API and the worker reach Temporal. Uses `TEMPORAL_ADDRESS` if it answers,
 * otherwise starts a dev server.
 */
export async function startTemporal({ config, env, say, parts }: StartContext): Promise<NodeJS.ProcessEnv> {
  const report = (line: string) => say('temporal', line);
  const named = config.temporal.address;
  if (named !== undefined) {
    if (await isTemporalReachable()) {
      report(`using TEMPORAL_ADDRESS ${named}`);
      return {};
    }
    report(`nothing answers at TEMPORAL_ADDRESS ${named}; starting a dev server instead`);
  }
  const start = await temporalDevServer({ config, env, report });
  parts.throwIfStopping();
  report('starting');
  const { address, namespace, uiUrl } = await parts.run('temporal', start);
  report(`ready at ${address}`);
  return {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    // The credentials belong to another server.
    TEMPORAL_API_KEY: undefined,
    TEMPORAL_TLS: 'false',
    FERMATA_TEMPORAL_UI_URL: config.temporal.uiUrl ?? uiUrl,
  };
}

/**
 * Runs `fermata api` or `fermata worker` and resolves when it is ready. Rejects when the process repeatedly ends before
 * it is ready.
 */
export function startOwn(name: 'api' | 'worker', { env, say, parts }: Omit<StartContext, 'config'>): Promise<void> {
  const report = (line: string) => say(name, line);
  return new Promise((resolve, reject) => {
    let ready = false;
    let failures = 0;
    const waiting = setInterval(() => report('not ready yet'), STILL_WAITING_MS);
    const onReady = () => {
      ready = true;
      clearInterval(waiting);
      resolve();
    };
    const onEnd = () => {
      failures += ready ? 0 : 1;
      if (failures < MAX_FAILED_STARTS || ready) return;
      clearInterval(waiting);
      reject(new Error(`The ${name} did not start; its last log lines above show the reason.`));
    };
    parts.run(name, () => startOwnProcess(name, { env, report, onReady }), onEnd).catch(reject);
  });
}
