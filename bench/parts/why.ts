import { thereAndBack } from '../there-and-back';
import { rejectingAutomation, saveAutomation } from '../automations';
import { postFor } from '../events';
import type { Figure } from '../figure';
import type { Platform } from '../platform';
import { addDay, DAYS_OF_CHANGES, inChunks, seedChanges, withSeeder } from '../seed-changes';
import { startStack, type Stack } from '../stack';
import { percentile, perSecond, type Volume } from '../statistics';
import type { Plan } from './plan';

const LOOK_UPS = 200;
const REJECTED = 'bench.why';
const LOAD = { type: REJECTED, batch: 1, atATime: 32 };

/** A refused trigger of a seeded change, as recorded in `routings`. */
const SEEDED = {
  ...{ automationId: '0193a5f0-0000-7000-8000-000000000001', automationName: 'Page', triggerId: 't', version: 1 },
  ...{ outcome: 'filter', detail: 'The filter does not hold.' },
};

type Say = (message: string) => void;

/** Measures the cost of recording the outcomes of changes, and how long look-ups take in large tables. */
export async function measureWhy(platform: Platform, plan: Plan, say: Say): Promise<Figure[]> {
  say(
    'starting three APIs and workers: one records outcomes of changes, one only indexes changes for lists, one neither',
  );
  const silence = { FERMATA_RETENTION_ROUTINGS_HOURS: '0' };
  const records = await startStack(platform, 'records');
  const lists = await startStack(platform, 'lists', silence);
  const bare = await startStack(platform, 'bare', silence);
  try {
    await bare.database.pool.query('drop index changes_entity; drop index changes_event');
    return [...(await costs({ records, lists, bare }, plan, say)), ...(await lookUps(records, plan, say))];
  } finally {
    await Promise.all([records.stop(), lists.stop(), bare.stop()]);
  }
}

/**
 * Measures the cost of the record, and the cost of the indexes for change lists. Each is measured against a stack
 * without it.
 */
async function costs(
  { records, lists, bare }: Record<'records' | 'lists' | 'bare', Stack>,
  plan: Plan,
  say: Say,
): Promise<Figure[]> {
  for (const stack of [bare, lists, records]) {
    await saveAutomation(stack, rejectingAutomation(REJECTED));
    await postFor(stack, { ...LOAD, seconds: plan.warmUpSeconds });
  }
  say('events that one filter rejects: bare, with indexes, with indexes and a record');
  const slot = (stack: Stack) => () => postFor(stack, { ...LOAD, seconds: plan.eventSeconds });
  const measured = await thereAndBack(4 * plan.rounds, {
    ...{ bare: slot(bare), lists: slot(lists), records: slot(records) },
  });
  const { bare: ofBare, lists: ofLists, records: ofRecords } = measured;
  const percent = (without: readonly Volume[], withIt: readonly Volume[]) =>
    (1 - perSecond(withIt) / perSecond(without)) * 100;
  const record = percent(ofLists, ofRecords);
  const common = { part: 'why' as const, unit: '%', raw: null };
  return [
    {
      ...{ ...common, what: 'events/s that the record costs', fermata: record },
      target: { text: '≤ 3', met: record <= 3 },
    },
    { ...common, what: 'events/s that the indexes for lists of changes cost', fermata: percent(ofBare, ofLists) },
  ];
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

/** Inserts the given numbers of changes and of outcome rows for candidates. Returns the ids of some of the changes. */
async function seed(stack: Stack, { changes, routings }: Plan['seeded']): Promise<string[]> {
  return withSeeder(stack, async (client) => {
    for (let day = DAYS_OF_CHANGES; day > 0; day -= 1) await addDay(client, 'routings', day);
    const { at, id } = await seedChanges(client, changes);
    const change = `n::bigint * ${changes} / ${routings}`;
    await inChunks(routings, (from, to) =>
      client.query(
        `insert into routings (at, change_id, kind, automation_id, automation_name, trigger_id, version, outcome, detail, deciding)
         select ${at(change)}, ${id(change)}, 'candidate', md5('automation-' || n % 50)::uuid, 'Page ' || n % 50, 't', 1,
           'filter', 'The filter does not hold.',
           '{"path": "triggers[0].filter", "expression": "x == 1", "found": 2, "wanted": 1}'
         from generate_series($1::int, $2::int) as n`,
        [from, to],
      ),
    );
    // Each change also has a row of the kind that the refusals of several changes share.
    await inChunks(changes, (from, to) =>
      client.query(
        `insert into routings (at, change_id, kind, outcome, change_ids, refused)
         select ${at('n')}, ${id('n')}, 'refused', 'refused', array[${id('n')}], $3
         from generate_series($1::int, $2::int) as n`,
        [from, to, JSON.stringify([{ ...SEEDED, of: [[0, null]] }])],
      ),
    );
    await client.query('analyze routings');
    const { rows } = await client.query<{ id: string }>(
      `select ${id('n')} as id from generate_series(0, $1::int - 1, $1::int / 100) as n`,
      [changes],
    );
    return rows.map((row) => row.id);
  });
}
