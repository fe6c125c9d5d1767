import { z } from 'zod';
import type { Change } from '../domain/entities/change';
import { createRegistry } from '../domain/registry/registry';
import { createLogger } from '../log';
import type { UnroutedChange } from './change-reader';
import type { Verdict } from './handover';
import { createPrepareChange, type PrepareBatch, type Resting } from './prepare-change';
import { routedAutomation } from './routed-automation';
import { RoutingIndex } from './routing-index';

const registry = createRegistry([
  {
    id: 'plugin',
    triggers: [
      {
        ...{ id: 'throws', displayName: 'Throws', description: '', category: '', payloadSchema: z.object({}) },
        routingKey: {
          ofConfig: () => 'key',
          ofPayload: () => {
            throw new Error('The plugin threw');
          },
        },
      },
    ],
  },
]);

function unrouted(seq: number, id: string, event = 'other.event'): UnroutedChange {
  const change: Change = {
    ...{ changeId: String(seq), seq, kind: 'k', id, causedBy: null, depth: 0, occurredAt: new Date(seq) },
    ...{ actor: { type: 'user', id: 'u' }, shape: 'event', event, payload: {} },
  };
  const rest = { attempts: 0, nextAttemptAt: null, hasDwells: false, isRetried: false, lagSeconds: 0 };
  return { change, partition: 0, ...rest };
}

function preparing({ verdict = { type: 'route', refusals: [] }, now }: { verdict?: Verdict; now: Date }) {
  const index = new RoutingIndex(registry);
  const definition = { triggers: [{ id: 't', event: 'plugin.throws' }] };
  index.set(routedAutomation({ id: 'a', name: 'a', group: null, version: 1, enabled: true, definition, steps: [] }));
  const resting: Resting = new Map();
  const prepare = createPrepareChange({
    ...{ registry, index, resting, clock: { now: () => now }, keepsRoutings: false, onRouted: () => undefined },
    handover: {
      verdict: () => verdict,
      dwells: () => Promise.resolve(new Map()),
      awaitedEvents: () => Promise.resolve([]),
    },
    log: createLogger({ level: 'silent', name: 'test' }),
  });
  const batch: PrepareBatch = {
    held: new Map([[0, 1]]),
    dwells: new Map(),
    awaited: [],
    given: new Map(),
    failed: [],
  };
  return { resting, batch, prepare: (change: UnroutedChange) => prepare(change, batch) };
}

describe('preparing a change', () => {
  it.each([
    ['ahead of', -600_000],
    ['behind', 600_000],
  ])('holds its entity for a second if the clock of this machine is 10 minutes %s that of the database', (_, skew) => {
    const now = new Date(Date.now() + skew);
    const { prepare, resting } = preparing({ verdict: { type: 'hold' }, now });
    expect(prepare(unrouted(1, 'e'))).toBeNull();
    expect([...resting.values()]).toEqual([{ kind: 'k', id: 'e', until: now.getTime() + 1_000 }]);
  });

  it('reports a change for which a plugin throws, and prepares the changes of other entities', () => {
    const { prepare, batch } = preparing({ now: new Date() });
    const prepared = [unrouted(1, 'a', 'plugin.throws'), unrouted(2, 'a'), unrouted(3, 'b')].map(prepare);
    expect(prepared.map((each) => each?.change.seq ?? null)).toEqual([null, null, 3]);
    expect(batch.failed).toMatchObject([
      { fence: { seq: 1, partition: 0, epoch: 1 }, error: { message: 'The plugin threw' } },
    ]);
  });
});
