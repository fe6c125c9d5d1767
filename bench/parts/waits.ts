import { sql } from 'drizzle-orm';
import { until } from '../../test/support/until';
import { saveAutomation } from '../automations';
import { allRouted, postEvents } from '../events';
import type { Figure } from '../figure';
import type { Platform } from '../platform';
import { startRawEngine } from '../raw-engine/raw-engine';
import { startStack, type Stack } from '../stack';
import { percentile } from '../statistics';
import type { Plan } from './plan';

const BATCH = 100;
/** Number of runs that are woken one by one and whose histories are measured. */
const WOKEN = 200;
const TYPE = 'bench.wait';

/**
 * Measures part i: the memory that waiting runs use, the cost of a change that wakes none of them, and the time to wake
 * a run.
 */
export async function measureWaits(platform: Platform, plan: Plan, say: (message: string) => void): Promise<Figure[]> {
  const stack = await startStack(platform, 'waits');
  const raw = await startRawEngine(platform);
  try {
    const before = stack.resident().worker;
    const started = await startWaiting(stack, plan.waiting, say);
    const held = stack.resident().worker;
    const tasks = () => tasksOf(platform, stack);

    say('changes that wake none of them');
    const tasksBefore = await tasks();
    const signalsBefore = await stack.workerCounter('fermata_wakes_total{result="signalled"');
    const began = performance.now();
    const changes = Math.min(plan.waiting, 5_000);
    await report(stack, 'degraded', changes);
    await allRouted(stack);
    const idle = (changes * 1_000) / (performance.now() - began);
    const cost = (await tasks()) - tasksBefore;
    const signals = (await stack.workerCounter('fermata_wakes_total{result="signalled"')) - signalsBefore;

    say(`waking ${WOKEN} of them, one after another, and as many bare workflows`);
    const wakes: number[] = [];
    for (let n = 0; n < WOKEN; n += 1) wakes.push(await wake(stack, n));
    const bare = await raw.signalled(WOKEN);
    const part = 'i' as const;
    const [p50, p95] = [percentile(wakes, 0.5), percentile(wakes, 0.95)];
    const [raw50, raw95] = [percentile(bare, 0.5), percentile(bare, 0.95)];
    const near = (ours: number, theirs: number) => ({ text: '≤ raw + 30 ms', met: ours <= theirs + 30 });
    const none = { text: 'none', met: cost === 0 && signals === 0 };
    const waiting = plan.waiting.toLocaleString('en-US');
    return [
      { part, what: `runs until they wait, ${waiting}`, unit: 'per s', fermata: started, raw: null },
      { part, what: `worker before, with ${waiting} waiting`, unit: 'MB', fermata: held, raw: before },
      { part, what: 'changes that wake none, each seen by one wait', unit: 'per s', fermata: idle, raw: null },
      {
        part,
        what: 'workflow tasks and signals they cost',
        unit: '',
        fermata: cost + signals,
        raw: null,
        target: none,
      },
      { part, what: 'woken, p50', unit: 'ms', fermata: p50, raw: raw50, target: near(p50, raw50) },
      { part, what: 'woken, p95', unit: 'ms', fermata: p95, raw: raw95, target: near(p95, raw95) },
    ];
  } finally {
    await Promise.all([raw.stop(), stack.stop()]);
  }
}

/** Starts `count` waiting runs, each for a different system. Returns the number of starts per second. */
async function startWaiting(stack: Stack, count: number, say: (message: string) => void): Promise<number> {
  say(`starting ${count} runs that wait`);
  await saveAutomation(stack, {
    name: 'Waiting',
    mode: 'parallel',
    concurrency_scope: 'context_key',
    triggers: [{ event: 'automation.event', config: { type: TYPE } }],
    actions: [{ wait_until: { condition: 'health.system.status == "unhealthy"' } }],
  });
  const began = performance.now();
  for (let from = 0; from < count; from += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, n) => ({ type: TYPE, subject: host(from + n), data: {} }));
    await postEvents(stack, batch);
  }
  await until('all of them wait', async () => (await waitingRuns(stack)) >= count, 900_000);
  return (count * 1_000) / (performance.now() - began);
}

const host = (n: number) => `waiting-${n}`;

async function waitingRuns({ database }: Stack): Promise<number> {
  const found = await database.db.execute<{ n: number }>(sql`select count(*)::int as n from waits where looked`);
  return found.rows[0]?.n ?? 0;
}

async function report(stack: Stack, status: string, count: number, first = 0): Promise<void> {
  for (let from = first; from < first + count; from += BATCH) {
    const results = Array.from({ length: Math.min(BATCH, first + count - from) }, (_, n) => ({
      ...{ systemId: host(from + n), configurationId: 'http', status },
    }));
    await stack.post('/api/v1/health/results', 'application/json', { results });
  }
}

/** Returns the milliseconds from the request that makes the wait's condition true to the end of the run. */
async function wake(stack: Stack, n: number): Promise<number> {
  const run = await stack.database.db.execute<{ id: string }>(sql`select id from runs where context_key = ${host(n)}`);
  const began = Date.now();
  await report(stack, 'unhealthy', 1, n);
  const ended = await until('the run has ended', async () => {
    const found = await stack.database.db.execute<{ at: string | null }>(
      sql`select finished_at as at from runs where id = ${run.rows[0]?.id ?? ''}`,
    );
    return found.rows[0]?.at ?? false;
  });
  return new Date(ended).getTime() - began;
}

/** Returns the number of workflow tasks in the histories of a sample of the runs. */
async function tasksOf({ client }: Platform, { database }: Stack): Promise<number> {
  const sample = await database.db.execute<{ id: string }>(
    sql`select workflow_id as id from runs where trigger_event = 'automation.event' order by id limit ${WOKEN}`,
  );
  let tasks = 0;
  for (const { id } of sample.rows) {
    const { events = [] } = await client.workflow.getHandle(id).fetchHistory();
    tasks += (events ?? []).filter((event) => event.workflowTaskScheduledEventAttributes).length;
  }
  return tasks;
}
