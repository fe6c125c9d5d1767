import { z } from 'zod';
import type { Executor } from '../db/executor';
import type { Change } from '../domain/entities/change';
import type { Knowledge } from '../domain/registry/knowledge';
import { createRegistry } from '../domain/registry/registry';
import type { Logger } from '../log';
import { createFleet, type Fleet } from './fleet';
import { createHandover, type ChangeConcerns } from './handover';
import { routedAutomation } from './routed-automation';
import { RoutingIndex } from './routing-index';

const event = {
  ...{ id: 'event', displayName: 'Event', description: 'Event', category: 'test' },
  payloadSchema: z.object({}),
};
const registry = createRegistry([{ id: 'automation', triggers: [event] }]);
const BASE: Knowledge = {
  names: ['plugin:automation', 'trigger:automation.event'],
  reads: { 'trigger:automation.event': { events: ['automation.event'] } },
};
const WEATHER: Knowledge = {
  names: [...BASE.names, 'filter:beaufort', 'kind:weather', 'plugin:weather', 'trigger:weather.storm_started'],
  reads: {
    ...BASE.reads,
    ...{ 'kind:weather': { kinds: ['weather'] }, 'plugin:weather': { kinds: ['weather'] } },
    'trigger:weather.storm_started': { events: ['weather.storm_started'] },
  },
};
const TIDE: Knowledge = { names: [...BASE.names, 'filter:metres'], reads: BASE.reads };

interface Other {
  knowledge: Knowledge;
  live: boolean;
  mayReturn: boolean;
}
const live = (knowledge: Knowledge): Other => ({ knowledge, live: true, mayReturn: true });
const restarting = (knowledge: Knowledge): Other => ({ knowledge, live: false, mayReturn: true });
const stopped = (knowledge: Knowledge): Other => ({ knowledge, live: false, mayReturn: false });

const change = (kind: string, shape: 'event' | 'entity' = 'event'): Change => ({
  ...{ changeId: 'c', seq: 1, kind, id: 'x', causedBy: null, depth: 0, occurredAt: new Date(0) },
  ...{ actor: { type: 'user' as const, id: 'u' } },
  ...(shape === 'event'
    ? { shape, event: kind, payload: {} }
    : { shape, prev: null, next: {}, delta: {}, changedFields: [] }),
});

/**
 * Returns a worker that provides the names in `own`, and whose index contains `automations` (triggers and filters by
 * id).
 */
async function worker({ others, own = BASE, automations }: { others: Other[]; own?: Knowledge; automations: Saved }) {
  const index = new RoutingIndex(registry, ({ id }) => {
    const { filters = [] } = automations[id] ?? {};
    const has = (name: string): boolean => own.names.includes(`filter:${name}`);
    return { own: filters.filter(has), lacking: filters.filter((name) => !has(name)) };
  });
  for (const [id, { triggers }] of Object.entries(automations)) {
    const named = triggers.map((each) => ({ id: 't', event: each }));
    const definition = { triggers: named };
    index.set(routedAutomation({ id, name: id, group: null, version: 1, enabled: true, definition, steps: [] }));
  }
  const announced = (found: Other[]) => found.map(({ knowledge: _, ...rest }, id) => ({ ...rest, knowsId: `${id}` }));
  let current = others;
  const db = {
    execute: (query: unknown) =>
      Promise.resolve(
        JSON.stringify(query).includes('insert into workers')
          ? { rows: [{ live: 1, others: announced(current) }] }
          : {
              rows: current.map(({ knowledge: { names, reads } }, id) => ({ knows_id: `${id}`, knows: names, reads })),
            },
      ),
  } as unknown as Executor;
  const fleet: Fleet = createFleet({
    ...{ db, knowledge: own, notify: () => undefined },
    worker: { id: 'w', host: 'h', pid: 1, version: '1', scriptLimits: 'rlimit', leaseSeconds: 5 },
  });
  await fleet.announce();
  const warnings: unknown[] = [];
  const log = { warn: (facts: unknown) => warnings.push(facts) } as unknown as Logger;
  let seconds = 0;
  const handover = createHandover({ db, fleet, index, log, now: () => seconds * 1_000 });
  return {
    index,
    warnings,
    pass: (by: number) => void (seconds += by),
    /** Returns the decision, and the automations and reasons of its refusals. */
    decide(about: Change, concerns: Partial<ChangeConcerns> = {}) {
      const events = about.shape === 'event' ? [about.event] : ['automation.entity_changed'];
      const candidatesOf = (find: 'candidates' | 'incompleteCandidates') =>
        events.flatMap((each) => index[find](each, {}));
      const [complete, incomplete] = [candidatesOf('candidates'), candidatesOf('incompleteCandidates')];
      const defaults = { events, dwells: [], awaited: [], complete, incomplete };
      const verdict = handover.verdict(about, { ...defaults, ...concerns });
      if (verdict.type !== 'route') return verdict;
      return verdict.refusals.map(({ candidate, refusal }) => `${candidate.automation.id}: ${refusal.detail}`);
    },
    /** Replaces the announcements of the other workers. */
    async announce(next: Other[]) {
      current = next;
      await fleet.announce();
    },
  };
}
type Saved = Record<string, { triggers: string[]; filters?: string[] }>;

const GUST: Saved = {
  plain: { triggers: ['automation.event'] },
  forceful: { triggers: ['automation.event'], filters: ['beaufort'] },
};
const NO_BEAUFORT = 'forceful: No worker that could route the change has filter beaufort.';

describe('a change that needs a filter that this worker lacks', () => {
  it('is routed at once without the automation if no worker has had the filter lately', async () => {
    for (const others of [[], [live(TIDE)], [stopped(WEATHER)]]) {
      const { decide } = await worker({ others, automations: GUST });
      expect(decide(change('automation.event'))).toEqual([NO_BEAUFORT]);
    }
  });

  it('waits while a worker with the filter may come back, and not longer', async () => {
    const { decide, announce } = await worker({ others: [restarting(WEATHER)], automations: GUST });
    expect(decide(change('automation.event'))).toEqual({ type: 'hold' });
    await announce([stopped(WEATHER)]);
    expect(decide(change('automation.event'))).toEqual([NO_BEAUFORT]);
  });

  it('is handed over to a live worker, even if another worker with the filter is restarting', async () => {
    const { decide } = await worker({ others: [restarting(WEATHER), live(WEATHER)], automations: GUST });
    expect(decide(change('automation.event'))).toMatchObject({ type: 'hand-over' });
  });

  it('is not passed back and forth between two workers that each lack a filter of the other', async () => {
    const automations = { ...GUST, high: { triggers: ['automation.event'], filters: ['metres'] } };
    const ofWeather = await worker({ others: [live(TIDE)], own: WEATHER, automations });
    const ofTide = await worker({ others: [live(WEATHER)], own: TIDE, automations });
    expect(ofWeather.decide(change('automation.event'))).toEqual([
      'high: No worker that could route the change has filter metres.',
    ]);
    expect(ofTide.decide(change('automation.event'))).toEqual([NO_BEAUFORT]);
    const both = { ...WEATHER, names: [...WEATHER.names, 'filter:metres'] };
    await ofTide.announce([live(WEATHER), live(both)]);
    const { names } = ofTide.decide(change('automation.event')) as { names: string[] };
    expect(names).toEqual(expect.arrayContaining(['filter:beaufort', 'filter:metres']));
  });

  it('is logged once for each filter, with its automations, and again after a worker has had the filter', async () => {
    const automations = { ...GUST, 'another one': { triggers: ['automation.event'], filters: ['beaufort'] } };
    const { decide, announce, warnings } = await worker({ others: [], automations });
    for (let count = 0; count < 3; count += 1) decide(change('automation.event'));
    const line = { missing: 'filter:beaufort', automations: ['another one', 'forceful'], count: 2 };
    expect(warnings).toEqual([line]);
    await announce([restarting(WEATHER)]);
    decide(change('automation.event'));
    await announce([stopped(WEATHER)]);
    decide(change('automation.event'));
    expect(warnings).toEqual([line, line]);
  });
});

describe('a change that needs a trigger type that this worker lacks', () => {
  const automations: Saved = { storm: { triggers: ['weather.storm_started'] } };
  const NO_STORM = 'storm: No worker that could route the change has trigger weather.storm_started.';

  it.each(['weather.storm_started', 'weather'])(
    'waits for a plugin that may come back: a change of %s',
    async (kind) => {
      const about = change(kind, kind === 'weather' ? 'entity' : 'event');
      const { decide, announce } = await worker({ others: [restarting(WEATHER)], automations });
      expect(decide(about)).toEqual({ type: 'hold' });
      await announce([stopped(WEATHER)]);
      expect(decide(about)).toEqual([NO_STORM]);
    },
  );

  it('waits for a type that no worker has had until a minute after this worker first needed it', async () => {
    const { decide, pass, announce } = await worker({ others: [], automations });
    const about = change('weather.storm_started');
    expect(decide(about)).toEqual({ type: 'hold' });
    pass(59);
    expect(decide(about)).toEqual({ type: 'hold' });
    pass(2);
    expect([decide(about), decide(about)]).toEqual([[NO_STORM], [NO_STORM]]);
    await announce([live(WEATHER)]);
    expect(decide(about)).toMatchObject({ type: 'hand-over' });
    await announce([restarting(WEATHER)]);
    expect(decide(about)).toEqual({ type: 'hold' });
  });

  it('waits if a run awaits an event of the plugin, and otherwise not if only an unrelated filter is missing', async () => {
    const { decide } = await worker({ others: [restarting(WEATHER)], automations: GUST });
    expect(decide(change('weather', 'entity'))).toEqual([]);
    const awaited = ['weather.storm_started'];
    expect(decide(change('weather', 'entity'), { awaited })).toEqual({ type: 'hold' });
  });
});

describe('a change of an entity with dwells', () => {
  const dwell = (automationId: string, event = 'automation.event') => ({ automationId, triggerId: 't', event });
  const about = change('system', 'entity');

  it('waits for the plugins of the triggers of its dwells, and not for those of other triggers of the event', async () => {
    const { decide, announce } = await worker({ others: [restarting(WEATHER)], automations: GUST });
    expect(decide(about, { dwells: [dwell('plain')] })).toEqual([]);
    expect(decide(about, { dwells: [dwell('forceful')] })).toEqual({ type: 'hold' });
    await announce([stopped(WEATHER)]);
    expect(decide(about, { dwells: [dwell('forceful')] })).toEqual([NO_BEAUFORT]);
  });

  it('is handed over only to a worker that can end all of them', async () => {
    const automations = { ...GUST, storm: { triggers: ['weather.storm_started'] } };
    const { decide } = await worker({ others: [live(WEATHER)], automations });
    const { names } = decide(about, {
      dwells: [dwell('storm', 'weather.storm_started'), dwell('plain')],
    }) as { names: string[] };
    expect(names).toEqual(expect.arrayContaining(['trigger:weather.storm_started', 'trigger:automation.event']));
  });
});
