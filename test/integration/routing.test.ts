import { sql } from 'drizzle-orm';
import { createAutomationStore } from '../../src/db/automation-store';
import { systemClock, uuidV7 } from '../../src/domain/clock';
import { startEngine, type Engine } from '../support/engine';
import { until } from '../support/until';

const listens = (type: string, more = '') => `
name: ${type}
mode: parallel
max_runs: 1000
triggers: [{ id: t, event: automation.event, config: { type: ${type} } }]
${more}
actions:
  - { action: automation.log, config: { message: "{{ trigger.payload.data.n }}" } }
`;

describe('routing', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await Promise.all([engine.worker(), engine.worker()]);
  }, 180_000);
  afterAll(() => engine.close());

  const automations = createAutomationStore({ clock: systemClock, ids: uuidV7 });
  const deleteAutomation = (id: string) => engine.database.db.transaction((tx) => automations.remove(tx, id));
  const unrouted = async () =>
    (await engine.database.db.execute(sql`select 1 from changes where routed_at is null`)).rowCount;

  it('records a reason for each gate that refuses a candidate, and counts identical ones', async () => {
    const filtered = await engine.save(listens('gates').replace('} }]', '}, filter: trigger.payload.data.n > 5 }]'));
    const failing = await engine.save(
      listens('gates', 'conditions: ["variables.x == 1"]\nvariables: { x: "{{ 1 + true }}" }'),
    );
    const conditioned = await engine.save(listens('gates', 'conditions: ["trigger.payload.data.n > 7"]'));
    for (let n = 0; n < 3; n += 1) await engine.emit('gates', { n: 1 });
    const outcomes = async () => ({
      filtered: await engine.outcomes(filtered),
      failing: await engine.outcomes(failing),
      conditioned: await engine.outcomes(conditioned),
    });
    const all = await until('all reasons are written', async () => {
      const found = await outcomes();
      return Object.values(found).every(([first]) => first?.count === 3) && found;
    });
    expect(all.filtered).toEqual([{ outcome: 'filter', detail: expect.stringContaining('n > 5'), count: 3 }]);
    expect(all.failing).toEqual([{ outcome: 'error', detail: expect.stringContaining('variables'), count: 3 }]);
    expect(all.conditioned).toEqual([{ outcome: 'condition', detail: expect.stringContaining('n > 7'), count: 3 }]);
    expect(await engine.runs()).toEqual([]);
  });

  it('starts an automation that was saved right before the event, but not one that was deleted right before it', async () => {
    for (let round = 0; round < 10; round += 1) {
      const deleted = await engine.save(listens(`fresh.${round}`));
      const id = await engine.save(listens(`fresh.${round}`));
      await deleteAutomation(deleted);
      await engine.emit(`fresh.${round}`);
      await engine.ended(1, id);
      expect(await engine.runs(deleted)).toEqual([]);
    }
  });

  it('routes a change once, however often the dispatchers receive it', async () => {
    const id = await engine.save(listens('again'));
    const [changeId] = await engine.emit('again', { n: 1 });
    await engine.ended(1, id);
    await engine.database.db.execute(sql`update changes set routed_at = null where change_id = ${changeId ?? ''}`);
    await until('it is routed again', async () => (await unrouted()) === 0);
    expect(await engine.runs(id)).toHaveLength(1);
  });

  it('records the reason for a stored document that no longer parses, and continues with other automations', async () => {
    const broken = await engine.save(listens('broken'));
    const sound = await engine.save(listens('sound'));
    await engine.database.db.execute(sql`
      update automation_versions set definition = jsonb_set(definition, '{mode}', '"sideways"')
      where automation_id = ${broken}`);
    await engine.database.db.execute(sql`
      with r as (update definition_revision set revision = revision + 1 returning revision)
      update automations set revision = r.revision from r where id = ${broken}`);
    await engine.emit('broken');
    await engine.emit('sound');
    await engine.ended(1, sound);
    await until('the reason is written', async () => {
      const [first] = await engine.outcomes(broken);
      return first?.outcome === 'error' && first.detail.includes('mode');
    });
  });

  it('turns a change into a dead letter after five failed attempts; only later changes of its entity wait for that', async () => {
    const id = await engine.save(listens('poison'));
    // The table refuses a run with this payload, which makes the routing transaction fail rather than a gate.
    await engine.database.db.execute(sql`
      alter table runs add constraint no_poison check (trigger_scope -> 'payload' -> 'data' ->> 'n' <> 'poison')`);
    const [poisoned] = await engine.emit('poison', { n: 'poison' }, { subject: 'a' });
    await engine.emit('poison', { n: 'behind' }, { subject: 'a' });
    await engine.emit('poison', { n: 'beside' }, { subject: 'b' });
    await engine.ended(1, id);
    expect((await engine.runs(id)).map(({ context_key }) => context_key)).toEqual(['b']);
    const failed = await until(
      'the change is a dead letter',
      async () => {
        const found = await engine.database.db.execute<{ attempts: number; error: { message: string } }>(
          sql`select attempts, error from changes where change_id = ${poisoned ?? ''} and failed_at is not null`,
        );
        return found.rows[0];
      },
      60_000,
    );
    expect(failed).toMatchObject({ attempts: 5 });
    await engine.ended(2, id);
    expect(await unrouted()).toBe(0);
  }, 270_000);

  it('stops a chain of automations that trigger each other at depth 20, with a clear error', async () => {
    const id = await engine.save(`
name: Loop
mode: parallel
max_runs: 1000
triggers: [{ id: t, event: automation.event, config: { type: loop } }]
actions:
  - { action: automation.emit_event, config: { type: loop } }
`);
    await engine.emit('loop');
    await until('the chain is cut', async () => (await engine.outcomes(id))[0]?.outcome === 'error', 60_000);
    const [reason] = await engine.outcomes(id);
    expect(reason?.detail).toContain('loop_detected');
    const runs = await engine.ended(21, id);
    expect(runs.map(({ depth }) => depth)).toEqual(Array.from({ length: 21 }, (_, depth) => depth));
  }, 270_000);
});
