import { abba } from '../abba';
import type { Engine } from '../engine';
import { createFermataEngine } from '../fermata-engine';
import type { Figure, Part } from '../figure';
import { atPace, keepInFlight, type Load } from '../load';
import type { Platform } from '../platform';
import { startRawEngine } from '../raw-engine/raw-engine';
import { startStack } from '../stack';
import { percentile, perSecond } from '../statistics';
import type { Plan } from './plan';

const AT_A_TIME = 30;
const PER_SECOND = 5;
/** Histories looked at for each shape; the longest counts. */
const HISTORIES = 20;

/** What is asked of each shape: throughput and p50 against the bare engine. */
const SHAPES = [
  { part: 'a', requests: 1, throughput: 1.1, p50: (raw: number) => raw + 15, p50Text: '≤ raw + 15 ms' },
  { part: 'b', requests: 5, throughput: 1.8, p50: (raw: number) => raw * 0.7, p50Text: '≤ 0.7 × raw' },
] as const;

interface Sides {
  fermata: Load;
  raw: Load;
}

/** (a), (b) and (f): runs that send webhooks, on Fermata and on the bare engine, in turns. */
export async function measureRuns(
  platform: Platform,
  parts: ReadonlySet<Part>,
  plan: Plan,
  say: (message: string) => void,
): Promise<Figure[]> {
  say('starting API, worker and the bare worker');
  const stack = await startStack(platform, 'runs');
  const raw = await startRawEngine(platform);
  try {
    const fermata = await createFermataEngine(
      platform,
      stack,
      SHAPES.map(({ requests }) => requests),
    );
    const figures: Figure[] = [];
    for (const shape of SHAPES) {
      const { requests } = shape;
      const { effects } = platform;
      const sides = { fermata: { engine: fermata, effects, requests }, raw: { engine: raw, effects, requests } };
      say(`warming up runs of ${requests}`);
      await keepInFlight(sides.raw, AT_A_TIME, plan.warmUpSeconds);
      await keepInFlight(sides.fermata, AT_A_TIME, plan.warmUpSeconds);
      if (parts.has(shape.part)) figures.push(...(await compare(shape, sides, plan, say)));
      if (parts.has('f')) figures.push(await histories(platform, shape.requests, sides));
    }
    return figures;
  } finally {
    await Promise.all([raw.stop(), stack.stop()]);
  }
}

async function compare(
  { part, requests, throughput, p50, p50Text }: (typeof SHAPES)[number],
  { fermata, raw }: Sides,
  plan: Plan,
  say: (message: string) => void,
): Promise<Figure[]> {
  say(`runs of ${requests}, ${AT_A_TIME} at a time`);
  const volumes = await abba(
    plan.rounds,
    () => keepInFlight(raw, AT_A_TIME, plan.throughputSeconds),
    () => keepInFlight(fermata, AT_A_TIME, plan.throughputSeconds),
  );
  say(`runs of ${requests}, ${PER_SECOND} a second`);
  const times = await abba(
    plan.rounds,
    () => atPace(raw, PER_SECOND, plan.latencySeconds),
    () => atPace(fermata, PER_SECOND, plan.latencySeconds),
  );
  const [rawRate, rate] = [perSecond(volumes.a), perSecond(volumes.b)];
  const [rawMiddle, middle] = [percentile(times.a.flat(), 0.5), percentile(times.b.flat(), 0.5)];
  const common = { part, unit: 'ms' };
  return [
    {
      ...common,
      what: `throughput, ${AT_A_TIME} at a time`,
      unit: 'runs/s',
      ...{ fermata: rate, raw: rawRate },
      target: { text: `≥ ${throughput} × raw`, met: rate >= throughput * rawRate },
    },
    {
      ...common,
      what: `event → effect at ${PER_SECOND}/s, p50`,
      ...{ fermata: middle, raw: rawMiddle },
      target: { text: p50Text, met: middle <= p50(rawMiddle) },
    },
    {
      ...common,
      what: `event → effect at ${PER_SECOND}/s, p95`,
      ...{ fermata: percentile(times.b.flat(), 0.95), raw: percentile(times.a.flat(), 0.95) },
    },
  ];
}

async function histories(platform: Platform, requests: number, { fermata, raw }: Sides): Promise<Figure> {
  const longest = async (engine: Engine) => {
    const ids = await engine.lastWorkflows(requests, HISTORIES);
    const described = await Promise.all(ids.map((id) => platform.client.workflow.getHandle(id).describe()));
    return Math.max(...described.map(({ historyLength }) => historyLength));
  };
  const events = await longest(fermata.engine);
  const limit = 4 * requests + 15;
  return {
    part: 'f',
    what: `${requests} short ${requests === 1 ? 'action' : 'actions'}, longest of ${HISTORIES} runs`,
    unit: 'events',
    ...{ fermata: events, raw: await longest(raw.engine) },
    target: { text: `≤ ${limit}`, met: events <= limit },
  };
}
