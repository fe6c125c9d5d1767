import type { Engine } from '../engine';
import { createFermataEngine } from '../fermata-engine';
import type { Figure, Part } from '../figure';
import { atPace, burst, keepInFlight, type Load } from '../load';
import type { Platform } from '../platform';
import { startBestEngine } from '../raw-engine/best-engine';
import { startRawEngine } from '../raw-engine/raw-engine';
import { renderCosts } from '../costs';
import { newDatabase, startStack, type Stack } from '../stack';
import { percentile, perSecond } from '../statistics';
import { thereAndBack } from '../there-and-back';
import type { Plan } from './plan';

const AT_A_TIME = 30;
const PER_SECOND = 5;
/** Number of histories to read per shape. The longest history is reported. */
const HISTORIES = 20;

/** The targets for each shape: throughput and p50, relative to the best possible engine and the bare engine. */
const SHAPES = [
  { part: 'a', requests: 1, ofBest: 0.8, ofRaw: 1.6, p50: (raw: number) => raw + 2, p50Text: '≤ raw + 2 ms' },
  { part: 'b', requests: 5, ofBest: 0.75, ofRaw: 2.2, p50: (raw: number) => raw * 0.4, p50Text: '≤ 0.4 × raw' },
] as const;
type Shape = (typeof SHAPES)[number];

interface Sides {
  fermata: Load;
  raw: Load;
  best: Load;
  /** The best possible engine that also commits 3 + n records for n requests and sets search attributes. */
  recording: Load;
}

/**
 * Measures parts a, b and f: runs that send webhooks, alternately on Fermata, the bare engine and the best possible
 * engine.
 */
export async function measureRuns(
  platform: Platform,
  { parts, profile }: { parts: ReadonlySet<Part>; profile: boolean },
  plan: Plan,
  say: (message: string) => void,
): Promise<Figure[]> {
  say('starting API, worker and the bare worker');
  const stack = await startStack(platform, 'runs');
  const raw = await startRawEngine(platform);
  const best = await startBestEngine(platform, 'best');
  const recording = await startBestEngine(platform, 'recording', await newDatabase(platform, 'bench_recording'));
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
      const load = (engine: Engine): Load => ({ engine, effects, requests });
      const sides = { fermata: load(fermata), raw: load(raw), best: load(best), recording: load(recording) };
      say(`warming up runs of ${requests}`);
      for (const side of Object.values(sides)) await keepInFlight(side, AT_A_TIME, plan.warmUpSeconds);
      if (parts.has(shape.part)) figures.push(...(await compare(shape, sides, plan, say)));
      if (profile && parts.has(shape.part)) console.log(`\n${await costs(stack, sides, plan)}`);
      if (parts.has('f')) figures.push(await histories(platform, shape.requests, sides));
    }
    return figures;
  } finally {
    await Promise.all([raw.stop(), best.stop(), recording.stop(), stack.stop()]);
  }
}

async function compare(shape: Shape, sides: Sides, plan: Plan, say: (message: string) => void): Promise<Figure[]> {
  const { part, requests, p50, p50Text } = shape;
  const { fermata, raw } = sides;
  const full = await atFullSpeed(shape, sides, plan, say);
  say(`runs of ${requests}, ${PER_SECOND} a second`);
  const slot = (load: Load) => () => atPace(load, PER_SECOND, plan.latencySeconds);
  const times = await thereAndBack(plan.rounds, { raw: slot(raw), fermata: slot(fermata) });
  const [rawMiddle, middle] = [percentile(times.raw.flat(), 0.5), percentile(times.fermata.flat(), 0.5)];
  const common = { part, unit: 'ms' };
  return [
    ...full,
    {
      ...common,
      what: `event → effect at ${PER_SECOND}/s, p50`,
      ...{ fermata: middle, raw: rawMiddle },
      target: { text: p50Text, met: middle <= p50(rawMiddle) },
    },
    {
      ...common,
      what: `event → effect at ${PER_SECOND}/s, p95`,
      ...{ fermata: percentile(times.fermata.flat(), 0.95), raw: percentile(times.raw.flat(), 0.95) },
    },
  ];
}

/** Measures the throughput of all engines: with 30 runs in flight, and in a burst. */
async function atFullSpeed(
  { part, requests, ofBest, ofRaw }: Shape,
  sides: Sides,
  plan: Plan,
  say: (message: string) => void,
): Promise<Figure[]> {
  const ways = [
    {
      what: `throughput, ${AT_A_TIME} at a time`,
      slot: (load: Load) => () => keepInFlight(load, AT_A_TIME, plan.throughputSeconds),
    },
    { what: `throughput, ${plan.burst} at once`, slot: (load: Load) => () => burst(load, plan.burst) },
  ];
  const figures: Figure[] = [];
  for (const { what, slot } of ways) {
    say(`runs of ${requests}: ${what}`);
    const { raw, fermata, best, recording } = await thereAndBack(plan.rounds, {
      ...{ raw: slot(sides.raw), fermata: slot(sides.fermata) },
      ...{ best: slot(sides.best), recording: slot(sides.recording) },
    });
    const [rawRate, rate, bestRate] = [perSecond(raw), perSecond(fermata), perSecond(best)];
    figures.push(
      {
        ...{ part, what, unit: 'runs/s', fermata: rate, raw: rawRate, best: bestRate },
        target: {
          text: `≥ ${ofBest} × best, ≥ ${ofRaw} × raw`,
          met: rate >= ofBest * bestRate && rate >= ofRaw * rawRate,
        },
      },
      // For information: the rate of the best possible engine when it also records its runs and sets search attributes.
      {
        ...{ part, what: `${what}, best with ${3 + requests} commits and attributes`, unit: 'runs/s' },
        fermata: rate,
        raw: null,
        best: perSecond(recording),
      },
    );
  }
  return figures;
}

/** Measures the cost of a run while 30 runs are in flight. */
async function costs(stack: Stack, { fermata, best }: Sides, plan: Plan): Promise<string> {
  const texts: string[] = [];
  for (const [name, load] of Object.entries({ Fermata: fermata, 'The engine at its best': best })) {
    const before = await stack.usage();
    const { count } = await keepInFlight(load, AT_A_TIME, 4 * plan.throughputSeconds);
    const title = `${name}, requests in a run: ${load.requests}, in flight: ${AT_A_TIME}`;
    texts.push(renderCosts(title, count, before, await stack.usage()));
  }
  return texts.join('\n\n');
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
