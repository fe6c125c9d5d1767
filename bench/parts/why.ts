import type { PoolClient } from 'pg';
import { abba } from '../abba';
import { rejectingAutomation, saveAutomation } from '../automations';
import { postFor } from '../events';
import type { Figure } from '../figure';
import type { Platform } from '../platform';
import { startStack, type Stack } from '../stack';
import { percentile, perSecond } from '../statistics';
import type { Plan } from './plan';

const LOOK_UPS = 200;
const REJECTED = 'bench.why';
const LOAD = { type: REJECTED, batch: 1, atATime: 32 };
/** Rows of one insert. */
const CHUNK = 500_000;

type Say = (message: string) => void;

/** What it costs to record outcomes of changes, and how long look-ups take in large tables. */
export async function measureWhy(platform: Platform, plan: Plan, say: Say): Promise<Figure[]> {
  say('starting one API and worker that record outcomes of changes, and one that do not');
  const records = await startStack(platform, 'records');
  const silent = await startStack(platform, 'silent', { FERMATA_RETENTION_ROUTINGS_HOURS: '0' });
  try {
    // The indexes for lists of changes are a part of the cost.
    await silent.database.pool.query('drop index changes_entity; drop index changes_event');
    return [await cost(records, silent, plan, say), ...(await lookUps(records, plan, say))];
  } finally {
    await Promise.all([records.stop(), silent.stop()]);
  }
}

async function cost(records: Stack, silent: Stack, plan: Plan, say: Say): Promise<Figure> {
  for (const stack of [silent, records]) {
    await saveAutomation(stack, rejectingAutomation(REJECTED));
    await postFor(stack, { ...LOAD, seconds: plan.warmUpSeconds });
  }
  say('events that one filter rejects, with and without a record');
  const slot = (stack: Stack) => () => postFor(stack, { ...LOAD, seconds: plan.eventSeconds });
  const { a, b } = await abba(2 * plan.rounds, slot(silent), slot(records));
  const percent = (1 - perSecond(b) / perSecond(a)) * 100;
  return {
    ...{ part: 'why', what: 'events/s that the record costs', unit: '%', fermata: percent, raw: null },
    target: { text: '≤ 3', met: percent <= 3 },
  };
}

async function lookUps(stack: Stack, { seeded }: Plan, say: Say): Promise<Figure[]> {
  say(`seeding ${seeded.changes} changes and ${seeded.routings} rows of outcomes`);
  const ids = await seed(stack, seeded);
  const rows = seeded.routings.toLocaleString('en-US');
  const ways = [
    {
      what: `GET /changes/{id}, ${rows} rows`,
      path: (n: number) => `/changes/${ids[n % ids.length] ?? ''}`,
      limit: 50,
    },
    { what: 'GET /changes?entity', path: (n: number) => `/changes?entity=host-${n}`, limit: 100 },
    { what: 'GET /changes?event', path: () => '/changes?event=alert.fired', limit: 100 },
    { what: 'GET /changes?system', path: (n: number) => `/changes?system=host-${n}`, limit: 100 },
  ];
  const figures: Figure[] = [];
  for (const { what, path, limit } of ways) {
    say(what);
    const times: number[] = [];
    for (let n = 0; n < LOOK_UPS; n += 1) {
      const before = performance.now();
      await stack.get(`/api/v1${path(n)}`);
      times.push(performance.now() - before);
    }
    const p95 = percentile(times, 0.95);
    figures.push({
      ...{ part: 'why', what: `${what}, p95`, unit: 'ms', fermata: p95, raw: null },
      target: { text: `≤ ${limit} ms`, met: p95 <= limit },
    });
  }
  return figures;
}

/** Days that the seeded rows spread over, as many as routings are kept. */
const DAYS = 3;

/**
 * Writes changes of 1,000 hosts and of alerts, as many rows for candidates, and gives some ids. As in a service that has run
 * for days: in partitions by day, in the order of time, with ids that begin with the time.
 */
async function seed({ database }: Stack, { changes, routings }: Plan['seeded']): Promise<string[]> {
  const { pool } = database;
  const client = await pool.connect();
  try {
    await client.query('set statement_timeout = 0');
    await client.query(`set time zone 'UTC'`);
    for (let day = DAYS; day > 0; day -= 1)
      for (const table of ['changes', 'routings']) await addDay(client, table, day);
    const { rows: times } = await client.query<{ begin: number }>(
      `select extract(epoch from now())::bigint * 1000 - $1::int * 86400000::bigint as begin`,
      [DAYS],
    );
    const begin = Number(times[0]?.begin);
    const ms = (n: string) => `(${begin} + (${n})::bigint * ${DAYS * 86_400_000} / ${changes})`;
    const at = (n: string) => `to_timestamp(${ms(n)} / 1000.0)`;
    const id = (n: string) =>
      `(lpad(to_hex(${ms(n)}), 12, '0') || '7' || left(md5((${n})::text), 3) || '8' || right(md5((${n})::text), 15))::uuid`;
    for (let from = 0; from < changes; from += CHUNK) {
      await client.query(
        `insert into changes (change_id, partition, kind, entity_id, prev, next, delta, changed_fields, actor, occurred_at,
           recorded_at, routed_at)
         select ${id('n')}, n % 64, case n % 10 when 0 then 'alert' else 'health' end, 'host-' || n % 1000, null,
           case n % 10 when 0 then $3::jsonb else '{"status": "healthy"}' end, '{}', '{status}',
           '{"type": "user", "id": "bench"}', ${at('n')}, ${at('n')}, ${at('n')}
         from generate_series($1::int, $2::int) as n`,
        [from, Math.min(from + CHUNK, changes) - 1, ALERT],
      );
    }
    const change = `n::bigint * ${changes} / ${routings}`;
    for (let from = 0; from < routings; from += CHUNK) {
      await client.query(
        `insert into routings (at, change_id, kind, automation_id, automation_name, trigger_id, version, outcome, detail, deciding)
         select ${at(change)}, ${id(change)}, 'candidate', md5('automation-' || n % 50)::uuid, 'Page ' || n % 50, 't', 1,
           'filter', 'The filter does not hold.',
           '{"path": "triggers[0].filter", "expression": "x == 1", "found": 2, "wanted": 1}'
         from generate_series($1::int, $2::int) as n`,
        [from, Math.min(from + CHUNK, routings) - 1],
      );
    }
    await client.query('analyze changes; analyze routings');
    const { rows } = await client.query<{ id: string }>(
      `select ${id('n')} as id from generate_series(0, $1::int - 1, $1::int / 100) as n`,
      [changes],
    );
    return rows.map((row) => row.id);
  } finally {
    client.release(true);
  }
}

/** Adds the partition of a day so many days ago, unless it is there. */
async function addDay(client: PoolClient, table: string, daysAgo: number): Promise<void> {
  const { rows } = await client.query<{ name: string; first: string; next: string }>(
    `select to_char(d, 'YYYYMMDD') as name, d::text as first, (d + 1)::text as next from (select current_date - $1::int as d) t`,
    [daysAgo],
  );
  const [day] = rows;
  if (day === undefined) return;
  await client.query(
    `create table if not exists ${table}_${day.name} partition of ${table} for values from ('${day.first}') to ('${day.next}')`,
  );
}

const ALERT = JSON.stringify({
  ...{ status: 'firing', name: 'DiskFull', severity: 'critical', labels: { alertname: 'DiskFull' }, annotations: {} },
  ...{ startsAt: '2026-11-28T00:00:00Z', source: 'alertmanager' },
});
