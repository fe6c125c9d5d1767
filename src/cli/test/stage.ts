import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig, testEnvironment } from '../../config';
import { createDatabase } from '../../db/client';
import { createLogger } from '../../log';
import { startApi } from '../../main-api';
import { startWorker } from '../../main-worker';
import type { ScratchPostgres } from './scratch-postgres';
import { createStandIns, type Mocks, type PerformedAction } from './stand-ins';
import { nextOfDomains, whatIsLeft } from './still';
import { createVirtualClock } from './virtual-clock';
import { createVirtualTemporal } from './virtual-temporal';

/** A response of the API. */
export interface ApiAnswer {
  status: number;
  body: unknown;
}

/** The service for one test: its own database, API and worker, on a clock that only the test advances. */
export interface Stage {
  readonly start: Date;
  now(): Date;
  performed: readonly PerformedAction[];
  call(method: string, path: string, body?: unknown): Promise<ApiAnswer>;
  /** Waits until nothing more happens at this instant. */
  settle(): Promise<void>;
  /** Advances the clock from timer to timer. All work of an instant ends before the next timer fires. */
  advanceTo(instant: Date): Promise<void>;
  close(): Promise<void>;
}

const TOKEN = 'token-of-the-test';
const POLL_MS = 4;
/** Maximum real time in milliseconds that one instant may take. */
const SETTLE_TIMEOUT_MS = 60_000;

export async function openStage(
  postgres: ScratchPostgres,
  options: { start: Date; timezone: string | undefined; mocks: Mocks },
): Promise<Stage> {
  const url = await postgres.create();
  const database = createDatabase(url, { max: 3, applicationName: 'fermata test' });
  const clock = createVirtualClock(database.pool);
  await clock.moveTo(options.start);
  const config = configOf(url, options.timezone);
  const temporal = createVirtualTemporal(clock, config.timezone);
  const standIns = createStandIns(options.mocks, () => database.db);
  const log = createLogger({ level: config.logLevel, name: 'worker' });
  const api = await startApi(config, clock);
  const replaced = { clock, temporal: temporal.keeper, plugins: standIns.plugins };
  const worker = await startWorker(config, url, { log, sdkMetricsPort: undefined }, replaced);

  const leftNow = async (): Promise<string | null> =>
    temporal.isIdle() ? await whatIsLeft(database.db) : 'workflows under way';

  const settle = async (): Promise<void> => {
    const until = Date.now() + SETTLE_TIMEOUT_MS;
    // Require the service to be idle twice. A commit may not have been notified yet, or waiting rows may have been
    // claimed in between.
    await worker.hurry();
    for (let quiet = 0; quiet < 2;) {
      const left = await leftNow();
      if (left !== null) await worker.hurry();
      quiet = left === null && temporal.isIdle() ? quiet + 1 : 0;
      if (Date.now() > until)
        throw new Error(`The service did not become idle at ${clock.now().toISOString()}: ${left ?? ''}`);
      await pause(POLL_MS);
    }
    await worker.hurry();
  };

  const nextInstant = async (): Promise<number | null> => {
    const instants = [temporal.next(), await nextOfDomains(database.db)].filter((at) => at !== null);
    return instants.length === 0 ? null : Math.min(...instants);
  };

  return {
    start: options.start,
    now: () => clock.now(),
    performed: standIns.performed,
    call: (method, path, body) => callApi(api.url, method, path, body),
    settle,
    async advanceTo(instant) {
      const target = instant.getTime();
      for (;;) {
        await settle();
        const next = await nextInstant();
        if (next === null || next > target) break;
        await clock.moveTo(new Date(Math.max(next, clock.now().getTime())));
        temporal.fire();
      }
      await clock.moveTo(instant);
      await settle();
    },
    async close() {
      await worker.stop();
      await api.close();
      await database.close();
      await postgres.drop(url);
    },
  };
}

async function callApi(url: string, method: string, path: string, body: unknown): Promise<ApiAnswer> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
}

/**
 * Returns the configuration of the stage. Only the plugins, the time zone and the log level of tests are read from the
 * environment.
 */
function configOf(url: string, timezone: string | undefined) {
  const { plugins, timezone: zone, logLevel } = testEnvironment(process.env);
  return loadConfig({
    DATABASE_URL: url,
    FERMATA_PORT: '0',
    FERMATA_SECRET_KEY: randomBytes(32).toString('base64'),
    FERMATA_ADMIN_TOKEN: TOKEN,
    FERMATA_RATE_LIMIT: '1000000',
    FERMATA_INGEST_RATE_LIMIT: '1000000',
    LOG_LEVEL: logLevel ?? 'silent',
    FERMATA_TIMEZONE: timezone ?? zone ?? 'UTC',
    ...(plugins === undefined ? {} : { FERMATA_PLUGINS: plugins }),
  });
}
