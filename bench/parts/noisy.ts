import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/support/until';
import { saveAutomation, sendingAutomation } from '../automations';
import { postEvents } from '../events';
import type { Figure } from '../figure';
import type { Platform } from '../platform';
import { openExecutions } from '../raw-engine/raw-engine';
import { startStack, type Stack } from '../stack';
import { percentile } from '../statistics';
import type { Plan } from './plan';

const NOISE = 2_000;
const BATCH = 100;
const IDLE_EVENTS = 40;
const IDLE_PAUSE_MS = 100;
const NOISY = 'bench.noisy';
const QUIET = 'bench.quiet';

/**
 * Measures how long an event for a quiet automation takes after a burst of events for another automation, compared with
 * an idle service.
 */
export async function measureNoisy(platform: Platform, plan: Plan, say: (message: string) => void): Promise<Figure[]> {
  say('starting API and worker for a noisy and a quiet automation');
  const stack = await startStack(platform, 'noisy');
  const { effects } = platform;
  try {
    for (const type of [NOISY, QUIET]) await saveAutomation(stack, sending(effects.url, type));
    let count = 0;
    const once = async (): Promise<number> => {
      const run = `quiet-${(count += 1)}`;
      const arrival = effects.expect(run, 1);
      const before = performance.now();
      await postEvents(stack, [{ type: QUIET, subject: run, data: { run } }]);
      return (await arrival) - before;
    };
    say('the quiet automation alone');
    const alone: number[] = [];
    for (let n = 0; n < IDLE_EVENTS; n += 1) {
      alone.push(await once());
      await sleep(IDLE_PAUSE_MS);
    }
    const behind: number[] = [];
    for (let round = 0; round < 2 * plan.rounds; round += 1) {
      say(`${NOISE} events for the noisy automation, then one for the quiet`);
      await makeNoise(stack, round);
      behind.push(await once());
      const isQuiet = async () => (await openExecutions(platform.client, stack.taskQueue)) === 0 && (await idle(stack));
      await until('the noise is over', isQuiet, 300_000);
    }
    const [p95, slowest] = [percentile(alone.slice(5), 0.95), Math.max(...behind)];
    const common = { part: 'noisy' as const, unit: 'ms', raw: null };
    return [
      { ...common, what: 'event → effect of the quiet one alone, p95', fermata: p95 },
      {
        ...common,
        what: `event → effect behind ${NOISE.toLocaleString('en-US')} others, slowest of ${behind.length}`,
        fermata: slowest,
        target: { text: '≤ 3 × alone', met: slowest <= 3 * p95 },
      },
    ];
  } finally {
    await stack.stop();
  }
}

/**
 * Returns an automation that sends one request per run. Each subject has a separate concurrency scope, so no run is
 * refused.
 */
const sending = (url: string, type: string) => ({
  ...sendingAutomation(url, 1),
  name: type,
  triggers: [{ event: 'automation.event', config: { type } }],
  concurrency_scope: 'context_key',
});

async function makeNoise(stack: Stack, round: number): Promise<void> {
  const batches = Array.from({ length: NOISE / BATCH }, (_, batch) =>
    Array.from({ length: BATCH }, (_, n) => {
      const run = `noisy-${round}-${batch * BATCH + n}`;
      return { type: NOISY, subject: run, data: { run } };
    }),
  );
  await Promise.all(batches.map((batch) => postEvents(stack, batch)));
}

/** Returns whether all changes have been routed and all runs have ended. */
async function idle({ database }: Stack): Promise<boolean> {
  const { rows } = await database.pool.query<{ idle: boolean }>(`
    select not exists (select 1 from changes where routed_at is null)
       and not exists (select 1 from runs where status in ('pending', 'running', 'waiting')) as idle`);
  return rows[0]?.idle ?? false;
}
