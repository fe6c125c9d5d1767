import { sql } from 'drizzle-orm';
import { startReceiver } from '../../test/support/receiver';
import { until } from '../../test/support/until';
import { thereAndBack } from '../there-and-back';
import { loadAutomations, saveAutomation, UNMATCHED } from '../automations';
import { postEvents, postFor } from '../events';
import type { Figure } from '../figure';
import type { Platform } from '../platform';
import { startStack, type Stack } from '../stack';
import { perSecond } from '../statistics';
import type { Plan } from './plan';

const FEW = 10;
const LOAD = { type: UNMATCHED, batch: 1, atATime: 32 };
const LONG = 'bench.long';
/** Number of steps in a block. The steps of a long run are compared block by block. */
const BLOCK = 500;

const part = 'large' as const;
const count = (n: number) => n.toLocaleString('en-US');

/** Measures part "large": many automations, and one run with many steps. */
export async function measureLarge(platform: Platform, plan: Plan, say: (message: string) => void): Promise<Figure[]> {
  return [...(await automations(platform, plan, say)), ...(await steps(platform, plan, say))];
}

async function automations(platform: Platform, plan: Plan, say: (message: string) => void): Promise<Figure[]> {
  const many = plan.large.automations;
  say(`loading ${FEW} automations into one API and worker, and ${count(many)} into another`);
  const [few, large] = [await startStack(platform, 'few'), await startStack(platform, 'large')];
  try {
    await loadAutomations(few, FEW);
    await loadAutomations(large, many);
    say('events that no automation listens to');
    for (const stack of [few, large]) await postFor(stack, { ...LOAD, seconds: plan.warmUpSeconds });
    const slot = (stack: Stack) => () => postFor(stack, { ...LOAD, seconds: plan.eventSeconds });
    const { a, b } = await thereAndBack(plan.rounds, { a: slot(few), b: slot(large) });
    const [own, theirs] = [perSecond(b), perSecond(a)];
    const { api, worker } = large.resident();
    return [
      {
        ...{ part, what: `events/s with ${count(many)} automations, with ${FEW}`, unit: 'per s' },
        ...{ fermata: own, raw: theirs, target: { text: '≥ 0.9 ×', met: own >= 0.9 * theirs } },
      },
      {
        ...{ part, what: `API + worker, ${count(many)} automations`, unit: 'MB', fermata: api + worker, raw: null },
        target: { text: '≤ 1,200', met: api + worker <= 1_200 },
      },
    ];
  } finally {
    await Promise.all([few.stop(), large.stop()]);
  }
}

/**
 * Measures a run in which steps that set a variable alternate with steps that call a server. The server answers
 * immediately.
 */
async function steps(platform: Platform, plan: Plan, say: (message: string) => void): Promise<Figure[]> {
  const { steps } = plan.large;
  const stack = await startStack(platform, 'long');
  const receiver = await startReceiver();
  try {
    await saveAutomation(stack, {
      name: 'Long',
      triggers: [{ event: 'automation.event', config: { type: LONG } }],
      actions: [
        {
          repeat: {
            count: steps / 2,
            max_iterations: steps,
            sequence: [
              { variables: { n: '{{ repeat.index }}' } },
              { action: 'integration-webhook.send', config: { url: receiver.url, body: { n: '{{ variables.n }}' } } },
            ],
          },
        },
      ],
    });
    say(`a run of ${count(steps)} steps`);
    await postEvents(stack, [{ type: LONG, subject: 'long', data: {} }]);
    const ended = async () => {
      const { rows } = await stack.database.db.execute<{ status: string }>(
        sql`select status from runs where finished_at is not null`,
      );
      return rows[0]?.status;
    };
    const status = await until('the run has ended', ended, 600_000);
    const sent = receiver.received.length;
    if (status !== 'success' || sent < steps / 2) throw new Error(`The run ended as ${status} after ${sent} requests.`);
    const { rows } = await stack.database.db.execute<{ ms: number }>(sql`
      with ended as (select (row_number() over (order by seq) - 1) / ${BLOCK}::int as block, finished_at as at
        from run_steps where path like '%sequence%')
      select extract(epoch from max(at) - min(at))::float8 * 1000 / (count(*) - 1) as ms
      from ended group by block order by block`);
    // The first block includes one-time loading costs.
    say(`a step took ${rows.map(({ ms }) => ms.toFixed(1)).join(', ')} ms, in blocks of ${BLOCK} steps`);
    const [first = NaN, ...later] = rows.map(({ ms }) => ms);
    const slowest = Math.max(...later);
    return [
      { part, what: `a step among the first ${BLOCK} of ${count(steps)}`, unit: 'ms', fermata: first, raw: null },
      {
        ...{ part, what: `a step among the slowest ${BLOCK}`, unit: 'ms', fermata: slowest, raw: null },
        target: { text: '≤ 2 × the first', met: slowest <= 2 * first },
      },
    ];
  } finally {
    await stack.stop();
    await receiver.close();
  }
}
