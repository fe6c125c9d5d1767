import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { createMask } from '../../src/domain/secrets/mask-values';
import { until } from '../../test/support/until';
import { saveAutomation } from '../automations';
import { allRouted, postEvents } from '../events';
import type { Figure, Part } from '../figure';
import type { Platform } from '../platform';
import { startRawEngine, type RawEngine } from '../raw-engine/raw-engine';
import { startStack, type Stack } from '../stack';
import type { Plan } from './plan';

const BATCH = 100;
/** Milliseconds until the dwells that fire together are due. This leaves enough time to arm all of them. */
const UNTIL_DUE_MS = 30_000;
const FIRING = 1_000;
const DWELL_SECONDS = 3_600;

type Say = (message: string) => void;

/** Measures parts g, h and m: counted events, dwells and masking. */
export async function measureGates(
  platform: Platform,
  parts: ReadonlySet<Part>,
  plan: Plan,
  say: Say,
): Promise<Figure[]> {
  const figures: Figure[] = parts.has('m') ? masking(say) : [];
  if (!parts.has('g') && !parts.has('h')) return figures;
  const stack = await startStack(platform, 'gates');
  const raw = await startRawEngine(platform);
  try {
    if (parts.has('g')) figures.push(...(await windows(stack, plan, say)));
    if (parts.has('h')) figures.push(...(await dwells(stack, raw, plan, say)));
    return figures;
  } finally {
    await Promise.all([raw.stop(), stack.stop()]);
  }
}

/**
 * Measures a window that fires once, with one partition key and with 1,000 keys. The figures show the cost of counting.
 */
async function windows(stack: Stack, { counted }: Plan, say: Say): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [what, partitionBy] of [
    ['one key', "'all'"],
    ['1,000 keys', 'trigger.payload.subject'],
  ] as const) {
    say(`window: ${what}`);
    const type = `bench.window.${partitionBy.length}`;
    await saveAutomation(stack, {
      name: `Window ${what}`,
      mode: 'parallel',
      triggers: [
        {
          event: 'automation.event',
          config: { type },
          window: { count: 20, minutes: 1_440, refire: 'once', partitionBy },
        },
      ],
      actions: [{ action: 'automation.log', config: { message: 'full' } }],
    });
    await postCounted(stack, type, BATCH * 5);
    const began = performance.now();
    await postCounted(stack, type, counted);
    const rate = (counted * 1_000) / (performance.now() - began);
    const target = { text: '≥ 500', met: rate >= 500 };
    figures.push({ part: 'g', what: `window, ${what}`, unit: 'counted/s', fermata: rate, raw: null, target });
  }
  return figures;
}

/** Posts events for 1,000 subjects and waits until all of them have been counted. */
async function postCounted(stack: Stack, type: string, events: number): Promise<void> {
  for (let from = 0; from < events; from += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, n) => ({ type, subject: `host-${(from + n) % 1_000}`, data: {} }));
    await postEvents(stack, batch);
  }
  await allRouted(stack);
}

/** Posts one health result with the time `at` for each of `count` systems. */
async function report(
  stack: Stack,
  status: 'healthy' | 'unhealthy',
  prefix: string,
  count: number,
  at: Date,
): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    const results = Array.from({ length: Math.min(BATCH, count - from) }, (_, n) => ({
      ...{ systemId: `${prefix}-${from + n}`, configurationId: 'http', status },
      timestamp: at.toISOString(),
    }));
    await stack.post('/api/v1/health/results', 'application/json', { results });
  }
}

const dwelling = (prefix: string, seconds: number) => ({
  name: `Dwell ${prefix}`,
  mode: 'parallel',
  concurrency_scope: 'context_key',
  triggers: [
    {
      event: 'healthcheck.system_degraded',
      filter: `trigger.payload.systemId | starts_with("${prefix}-")`,
      for: { seconds },
    },
  ],
  actions: [{ action: 'automation.log', config: { message: 'fired' } }],
});

async function count(stack: Stack, query: ReturnType<typeof sql>): Promise<number> {
  return Number((await stack.database.db.execute<{ n: number }>(query)).rows[0]?.n ?? 0);
}

async function dwells(stack: Stack, raw: RawEngine, { pending }: Plan, say: Say): Promise<Figure[]> {
  const common = { part: 'h' as const };
  const share = (fermata: number, bare: number) => ({ text: '≥ 0.7 of raw', met: fermata >= 0.7 * bare });
  say(`arming ${pending} dwells, and as many bare workflows with a delay`);
  await saveAutomation(stack, dwelling('arm', DWELL_SECONDS));
  // Create the systems first, because only the dwells are to be measured.
  await report(stack, 'healthy', 'arm', pending, new Date());
  await allRouted(stack);
  const before = stack.resident().worker;
  const began = performance.now();
  await report(stack, 'unhealthy', 'arm', pending, new Date());
  // Poll only occasionally, because counting ten thousand rows continuously would affect the measurement.
  const armedNow = () => count(stack, sql`select count(*)::int as n from dwells where started_at is not null`);
  while ((await armedNow()) < pending) await sleep(250);
  const armed = (pending * 1_000) / (performance.now() - began);
  const held = stack.resident().worker;
  const bareArmed = await raw.delayed(pending, DWELL_SECONDS * 1_000);

  say(`${FIRING} dwells due at one instant`);
  await saveAutomation(stack, dwelling('fire', DWELL_SECONDS));
  const due = new Date(Math.ceil((Date.now() + UNTIL_DUE_MS) / 1_000) * 1_000);
  await report(stack, 'unhealthy', 'fire', FIRING, new Date(due.getTime() - DWELL_SECONDS * 1_000));
  await sleep(Math.max(0, due.getTime() - Date.now()));
  const fired = sql`select count(*)::int as n from runs where trigger_event = 'healthcheck.system_degraded'`;
  await until('all have fired', async () => (await count(stack, fired)) >= FIRING, 120_000);
  const last = await stack.database.db.execute<{ at: string }>(
    sql`select max(created_at) as at from runs where trigger_event = 'healthcheck.system_degraded'`,
  );
  const firing = (FIRING * 1_000) / (new Date(last.rows[0]?.at ?? 0).getTime() - due.getTime());
  const bareFiring = await raw.dueAtOnce(FIRING, UNTIL_DUE_MS);
  return [
    {
      ...common,
      what: `dwells armed, ${pending.toLocaleString('en-US')} pending`,
      unit: 'per s',
      fermata: armed,
      raw: bareArmed,
      target: share(armed, bareArmed),
    },
    {
      ...common,
      what: `dwells fired, ${FIRING.toLocaleString('en-US')} due at once`,
      unit: 'per s',
      fermata: firing,
      raw: bareFiring,
      target: share(firing, bareFiring),
    },
    { ...common, what: 'worker before, with all of them pending', unit: 'MB', fermata: held, raw: before },
  ];
}

/** Measures masking of 1 MB of text with 50 secrets. */
function masking(say: Say): Figure[] {
  say('masking 1 MB');
  const mask = createMask(Array.from({ length: 50 }, () => randomBytes(20).toString('base64')));
  const text = randomBytes(750_000).toString('base64');
  for (let warm = 0; warm < 5; warm += 1) mask(text);
  const times = Array.from({ length: 50 }, () => {
    // Measure processor time. Masking does not wait for anything, and this excludes other processes on the machine.
    const before = process.cpuUsage();
    mask(text);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  }).sort((a, b) => a - b);
  const p95 = times[47] ?? 0;
  const target = { text: '≤ 5', met: p95 <= 5 };
  return [
    {
      part: 'm',
      what: 'masking 1 MB with 50 secrets, p95 of processor time',
      unit: 'ms',
      fermata: p95,
      raw: null,
      target,
    },
  ];
}
