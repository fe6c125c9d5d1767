import { z } from 'zod';
import type { Figure } from '../figure';
import type { Platform } from '../platform';
import { seedChanges, withSeeder } from '../seed-changes';
import { seedAlerts, seedAudit } from '../seed-lists';
import { seedRuns, STEPS_OF_LARGEST, type SeededRuns } from '../seed-runs';
import { startStack, type Stack } from '../stack';
import { percentile } from '../statistics';
import type { Plan } from './plan';

const LIMIT_MS = 100;
const LARGEST_LIMIT_MS = 1_500;
const LOOK_UPS = 40;
const LOOK_UPS_OF_LARGEST = 5;
/** Number of steps on one page, as the console requests them. */
const PAGE_OF_STEPS = 200;
const HOUR_MS = 3_600_000;

type Say = (message: string) => void;

/**
 * Measures the response times of the console's lists with many runs and changes, and the time to read a run of 10,000
 * steps.
 */
export async function measureLists(platform: Platform, { listed }: Plan, say: Say): Promise<Figure[]> {
  const stack = await startStack(platform, 'lists');
  try {
    say(`seeding ${listed.runs} runs and ${listed.changes} changes`);
    const seeded = await withSeeder(stack, async (client) => {
      await seedChanges(client, listed.changes);
      await seedAlerts(client, listed.alerts);
      await seedAudit(client, listed.audit);
      return seedRuns(client, listed.runs);
    });
    say('asking for lists');
    const figures: Figure[] = [];
    for (const { what, path } of listsOf(seeded)) figures.push(await measureList(stack, what, path));
    return [...figures, await measureLargest(stack, seeded.largest)];
  } finally {
    await stack.stop();
  }
}

interface Listed {
  what: string;
  /** Returns the path for the call with the number `n`. */
  path(n: number): string;
}

const hoursAgo = (hours: number) => new Date(Date.now() - hours * HOUR_MS).toISOString();

/** Returns all console lists that grow with runs and changes, with the filters that the console offers for them. */
function listsOf(seeded: SeededRuns): Listed[] {
  return [...runLists(seeded), ...otherLists(seeded)];
}

function runLists({ busiest, rarest }: SeededRuns): Listed[] {
  const runs = (filters: string) => () => `/runs?counts=true&limit=50${filters}`;
  return [
    { what: 'runs', path: runs('') },
    { what: 'runs, failed', path: runs('&status=failed') },
    { what: 'runs, open', path: runs('&status=running,waiting,pending') },
    { what: 'runs of the busiest automation', path: runs(`&automationId=${busiest}`) },
    { what: 'runs of the busiest automation, cancelled', path: runs(`&automationId=${busiest}&status=cancelled`) },
    { what: 'runs of the rarest automation', path: runs(`&automationId=${rarest}`) },
    { what: 'runs of a context', path: (n) => `/runs?counts=true&limit=50&contextKey=host-${n}` },
    { what: 'runs of the last hour', path: runs(`&from=${hoursAgo(1)}`) },
    { what: 'runs until 10 days ago, failed', path: runs(`&to=${hoursAgo(240)}&status=failed`) },
    { what: 'runs until an hour ago', path: runs(`&to=${hoursAgo(1)}`) },
    { what: 'runs of an error code', path: runs('&errorCode=timeout') },
    { what: 'runs of an unknown error code', path: runs('&errorCode=none') },
    { what: 'runs, text in the name', path: runs('&q=team') },
    { what: 'runs, text in the name of the rarest', path: runs('&q=team%20199') },
    { what: 'runs, text in the context', path: runs('&q=host-49') },
    { what: 'runs, text that none has', path: runs('&q=nothing-has-this') },
    { what: 'runs, text that none has, failed', path: runs('&q=nothing-has-this&status=failed') },
  ];
}

function otherLists({ busiest, rarest, largest }: SeededRuns): Listed[] {
  return [
    { what: 'stats of the last hour', path: () => `/stats?bucket=minute&from=${hoursAgo(1)}` },
    { what: 'changes', path: () => '/changes?limit=50' },
    { what: 'changes by event', path: () => '/changes?limit=50&event=alert.fired' },
    { what: 'changes of an entity', path: (n) => `/changes?limit=50&entity=host-${n}` },
    { what: 'changes of a system', path: (n) => `/changes?limit=50&system=host-${n}` },
    { what: 'changes of an unknown entity', path: (n) => `/changes?limit=50&entity=none-${n}` },
    { what: 'changes since an hour', path: () => `/changes?limit=50&since=${hoursAgo(1)}` },
    { what: 'changes until a day ago', path: () => `/changes?limit=50&until=${hoursAgo(24)}` },
    {
      what: 'changes by event until a day ago',
      path: () => `/changes?limit=50&event=alert.fired&until=${hoursAgo(24)}`,
    },
    { what: 'dead letters', path: () => '/changes/failed?limit=50' },
    { what: 'diagnosis', path: () => '/diagnosis' },
    { what: 'alerts', path: () => '/alerts?limit=50' },
    { what: 'alerts, firing', path: () => '/alerts?limit=50&status=firing' },
    { what: 'alerts of a severity that few have', path: () => '/alerts?limit=50&severity=critical' },
    { what: 'alerts of a system', path: (n) => `/alerts?limit=50&systemId=system-${n}` },
    { what: 'alerts by a matcher', path: (n) => `/alerts?limit=50&matchers=${encodeURIComponent(`host="h-${n}"`)}` },
    { what: 'an alert with its runs', path: (n) => `/alerts/f-${n}` },
    { what: 'entities of a kind', path: () => '/entities/alert?limit=50' },
    { what: 'transitions of an entity', path: (n) => `/entities/alert/f-${n}/transitions?limit=50` },
    { what: 'audit', path: () => '/audit?limit=50' },
    { what: 'audit, refused', path: () => '/audit?limit=50&outcome=refused' },
    { what: 'audit of a person', path: () => '/audit?limit=50&actorId=rare' },
    { what: 'audit of an action', path: () => '/audit?limit=50&action=tokens.create' },
    { what: 'audit of nobody', path: () => '/audit?limit=50&actorId=nobody' },
    { what: 'audit until 10 days ago', path: () => `/audit?limit=50&to=${hoursAgo(240)}` },
    { what: 'open waits', path: () => '/waits?limit=50' },
    { what: 'evaluations', path: () => '/evaluations?limit=50' },
    { what: 'causes of a run', path: () => `/runs/${largest}/causes` },
    {
      what: 'stats of an automation, 24 h',
      path: () => `/automations/${busiest}/stats?bucket=hour&from=${hoursAgo(24)}`,
    },
    {
      what: 'stats of the rarest automation, 30 days',
      path: () => `/automations/${rarest}/stats?bucket=day&from=${hoursAgo(720)}`,
    },
    { what: 'automations', path: () => '/automations?limit=200' },
    { what: 'automations, text', path: () => '/automations?limit=200&q=19' },
  ];
}

async function measureList(stack: Stack, what: string, path: Listed['path']): Promise<Figure> {
  await stack.get(`/api/v1${path(LOOK_UPS)}`);
  const times: number[] = [];
  for (let n = 0; n < LOOK_UPS; n += 1) times.push(await timeOf(() => stack.get(`/api/v1${path(n)}`)));
  const p95 = percentile(times, 0.95);
  const others = `p50 ${percentile(times, 0.5).toFixed(0)}, max ${Math.max(...times).toFixed(0)}`;
  return {
    ...{ part: 'lists', what: `${what}, p95 (${others})`, unit: 'ms', fermata: p95, raw: null },
    target: { text: `≤ ${LIMIT_MS} ms`, met: p95 <= LIMIT_MS },
  };
}

const StepsPage = z.object({ items: z.array(z.unknown()), nextCursor: z.string().nullable() });

/** Measures reading the largest run and all pages of its steps in sequence, as the console does. */
async function measureLargest(stack: Stack, id: string): Promise<Figure> {
  const times: number[] = [];
  for (let n = 0; n < LOOK_UPS_OF_LARGEST; n += 1)
    times.push(
      await timeOf(async () => {
        await stack.get(`/api/v1/runs/${id}`);
        let read = 0;
        let cursor: string | null = '';
        while (cursor !== null) {
          const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
          const page = StepsPage.parse(await stack.get(`/api/v1/runs/${id}/steps?limit=${PAGE_OF_STEPS}${after}`));
          read += page.items.length;
          cursor = page.nextCursor;
        }
        if (read < STEPS_OF_LARGEST) throw new Error(`The run answered with ${read} steps.`);
      }),
    );
  const worst = Math.max(...times);
  return {
    ...{ part: 'lists', what: `a run and its ${STEPS_OF_LARGEST.toLocaleString('en-US')} steps`, unit: 'ms' },
    ...{ fermata: worst, raw: null },
    target: { text: `≤ ${LARGEST_LIMIT_MS} ms`, met: worst <= LARGEST_LIMIT_MS },
  };
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}
