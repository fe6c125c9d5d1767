import { setTimeout as sleep } from 'node:timers/promises';
import { thereAndBack } from '../there-and-back';
import { loadAutomations, rejectingAutomation, saveAutomation, UNMATCHED } from '../automations';
import { postFor } from '../events';
import type { Figure, Part } from '../figure';
import type { Platform } from '../platform';
import { startRawEngine, type RawEngine } from '../raw-engine/raw-engine';
import { startStack, type Stack } from '../stack';
import { perSecond } from '../statistics';
import type { Plan } from './plan';

const FEW = 10;
const MANY = 10_000;
const AT_A_TIME = 32;
const BATCH = 100;
const BATCHES_AT_A_TIME = 4;
const REJECTED = 'bench.rejected';

interface Sides {
  few: Stack;
  many: Stack;
  raw: RawEngine;
}

type Say = (message: string) => void;

/**
 * Measures parts c, d and e: events that start no runs, and memory, on one stack with few automations and one with
 * many.
 */
export async function measureEvents(
  platform: Platform,
  parts: ReadonlySet<Part>,
  plan: Plan,
  say: Say,
): Promise<Figure[]> {
  say(`starting one API and worker for ${FEW} and one for ${MANY} automations`);
  const few = await startStack(platform, 'few');
  const many = await startStack(platform, 'many');
  const raw = await startRawEngine(platform);
  const sides = { few, many, raw };
  try {
    const figures: Figure[] = [];
    await loadAutomations(few, FEW);
    await loadAutomations(many, MANY);
    if (parts.has('e')) figures.push(...(await memory(sides, plan, say)));
    const rawRate = parts.has('c') || parts.has('d') ? await bareStarts(raw, plan, say) : 0;
    if (parts.has('c')) figures.push(...(await unmatched(sides, rawRate, plan, say)));
    if (parts.has('d')) figures.push(...(await rejected(few, rawRate, plan, say)));
    if (parts.has('e') && parts.has('c')) figures.push(...memoryAfter(sides));
    return figures;
  } finally {
    await Promise.all([raw.stop(), few.stop(), many.stop()]);
  }
}

const both = ({ api, worker }: { api: number; worker: number }) => api + worker;

async function memory({ few, many, raw }: Sides, plan: Plan, say: Say): Promise<Figure[]> {
  say(`memory, after ${plan.quietSeconds} s of quiet`);
  await sleep(plan.quietSeconds * 1000);
  const [idle, loaded] = [both(few.resident()), both(many.resident())];
  const common = { part: 'e', unit: 'MB' } as const;
  const target = (limit: number, value: number) => ({ text: `≤ ${limit}`, met: value <= limit });
  return [
    {
      ...common,
      what: `API + worker, ${FEW} automations, idle (raw: its worker)`,
      ...{ fermata: idle, raw: raw.resident() },
      target: target(400, idle),
    },
    {
      ...common,
      what: `API + worker, ${MANY.toLocaleString('en-US')} automations loaded`,
      ...{ fermata: loaded, raw: null },
      target: target(700, loaded),
    },
  ];
}

/** Returns the memory after the load of part c. These figures have no target. */
function memoryAfter({ few, many }: Sides): Figure[] {
  const figure = (stack: Stack, count: number): Figure => ({
    ...{ part: 'e', unit: 'MB', raw: null, fermata: both(stack.resident()) },
    what: `API + worker, ${count.toLocaleString('en-US')} automations, after (c)`,
  });
  return [figure(few, FEW), figure(many, MANY)];
}

/** Returns how many workflows the bare engine starts per second if the workflows have nothing to do. */
async function bareStarts(raw: RawEngine, plan: Plan, say: Say): Promise<number> {
  say('bare workflows that do nothing');
  await raw.doNothing(AT_A_TIME, plan.warmUpSeconds);
  return perSecond([await raw.doNothing(AT_A_TIME, plan.eventSeconds)]);
}

async function unmatched({ few, many }: Sides, raw: number, plan: Plan, say: Say): Promise<Figure[]> {
  const single = { type: UNMATCHED, batch: 1, atATime: AT_A_TIME };
  const batched = { type: UNMATCHED, batch: BATCH, atATime: BATCHES_AT_A_TIME };
  const figures: Figure[] = [];
  for (const { load, target, how } of [
    { load: single, target: 800, how: 'one by one' },
    { load: batched, target: 3_000, how: `in batches of ${BATCH}` },
  ]) {
    say(`events that nobody wants, ${how}`);
    for (const stack of [few, many]) await postFor(stack, { ...load, seconds: plan.warmUpSeconds });
    const slot = (stack: Stack) => () => postFor(stack, { ...load, seconds: plan.eventSeconds });
    const { a, b } = await thereAndBack(plan.rounds, { a: slot(few), b: slot(many) });
    figures.push(...rates(how, target, { few: perSecond(a), many: perSecond(b) }, raw));
  }
  return figures;
}

function rates(how: string, target: number, { few, many }: { few: number; many: number }, raw: number): Figure[] {
  const common = { part: 'c' as const, unit: 'events/s' };
  const atLeast = (value: number) => ({ text: `≥ ${target.toLocaleString('en-US')}`, met: value >= target });
  const cost = (few / many - 1) * 100;
  return [
    { ...common, what: `${how}, ${FEW} automations`, fermata: few, raw, target: atLeast(few) },
    {
      ...common,
      what: `${how}, ${MANY.toLocaleString('en-US')} automations`,
      ...{ fermata: many, raw },
      target: atLeast(many),
    },
    {
      ...common,
      what: `${how}, what ${MANY.toLocaleString('en-US')} cost more than ${FEW}`,
      unit: '%',
      ...{ fermata: cost, raw: null },
      target: { text: '≤ 10', met: cost <= 10 },
    },
  ];
}

async function rejected(stack: Stack, raw: number, plan: Plan, say: Say): Promise<Figure[]> {
  say('events that one filter rejects');
  await saveAutomation(stack, rejectingAutomation(REJECTED));
  const slot = (seconds: number, batch: number, atATime: number) =>
    postFor(stack, { type: REJECTED, batch, atATime, seconds });
  await slot(plan.warmUpSeconds, 1, AT_A_TIME);
  const callsBefore = await stack.workerCounter('fermata_temporal_calls_total');
  const rejectedBefore = await stack.workerCounter('fermata_evaluations_total');
  const volumes = [];
  for (let n = 0; n < 2 * plan.rounds; n += 1) volumes.push(await slot(plan.eventSeconds, 1, AT_A_TIME));
  const batched = [await slot(plan.eventSeconds, BATCH, BATCHES_AT_A_TIME)];
  const calls = (await stack.workerCounter('fermata_temporal_calls_total')) - callsBefore;
  const seen = (await stack.workerCounter('fermata_evaluations_total')) - rejectedBefore;
  const sent = [...volumes, ...batched].reduce((sum, { count }) => sum + count, 0);
  if (seen !== sent) throw new Error(`${sent} events were sent, the filter has seen ${seen}`);
  const rate = perSecond(volumes);
  const common = { part: 'd' as const, unit: 'events/s', raw };
  return [
    { ...common, what: 'one by one', fermata: rate, target: { text: '≥ 600', met: rate >= 600 } },
    { ...common, what: `in batches of ${BATCH}`, fermata: perSecond(batched) },
    {
      ...common,
      what: `calls to Temporal for these ${sent.toLocaleString('en-US')} events`,
      unit: 'calls',
      ...{ fermata: calls, raw: sent },
      target: { text: 'none', met: calls === 0 },
    },
  ];
}
