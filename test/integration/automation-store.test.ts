import { sql } from 'drizzle-orm';
import { automationEtag, createAutomationStore } from '../../src/db/automation-store';
import { uuidV7 } from '../../src/domain/clock';
import { Definition } from '../../src/domain/definition/schema';
import type { Actor } from '../../src/domain/entities/change';
import { FermataError } from '../../src/domain/errors';
import { useDatabase } from '../support/database';

const actor: Actor = { type: 'user', id: 'test' };

function definitionOf(more: Record<string, unknown> = {}): Definition {
  return Definition.parse({
    name: 'Store test',
    triggers: [{ id: 'down', event: 'healthcheck.system_degraded' }],
    ...more,
  });
}

describe('the automation store', () => {
  const database = useDatabase();
  let now = new Date('2026-11-20T10:00:00.000Z');
  const store = createAutomationStore({ clock: { now: () => now }, ids: uuidV7 });
  const create = (more: Record<string, unknown> = {}) =>
    database.db.transaction((tx) => store.create(tx, { definition: definitionOf(more), actor }));

  beforeEach(async () => {
    now = new Date('2026-11-20T10:00:00.000Z');
    await database.db.execute(sql`delete from automations`);
  });

  it('stores the group, trimmed, in the row and not in the version', async () => {
    const made = await create({ group: '  on-call ' });
    expect(made).toMatchObject({
      group: 'on-call',
      status: 'enabled',
      managedBy: 'api',
      version: 1,
      lastTriggeredAt: null,
    });
    expect(made.definition).not.toHaveProperty('group');
    const moved = await database.db.transaction((tx) =>
      store.update(tx, made.id, { definition: definitionOf({ group: '' }), actor }),
    );
    expect(moved).toMatchObject({ group: null, version: 1 });
  });

  it('derives a unique slug for each automation from its name, and keeps it when the automation is renamed', async () => {
    const slugs = async () => {
      const found = await database.db.execute<{ slug: string }>(sql`select slug from automations order by id`);
      return found.rows.map(({ slug }) => slug);
    };
    const made = await create({ name: 'Page: until acknowledged' });
    await Promise.all([create({ name: 'page until acknowledged' }), create({ name: 'Page until (acknowledged)' })]);
    const { id } = await create({ name: '…' });
    const taken = ['page-until-acknowledged', 'page-until-acknowledged-2', 'page-until-acknowledged-3'];
    expect((await slugs()).sort()).toEqual([`automation-${id.slice(0, 8)}`, ...taken]);
    await database.db.transaction((tx) =>
      store.update(tx, made.id, { definition: definitionOf({ name: 'Other' }), actor }),
    );
    await database.db.transaction((tx) => store.remove(tx, made.id));
    await create({ name: 'Page until acknowledged' });
    expect(await slugs()).toContain('page-until-acknowledged-4');
  });

  it('creates a new version only if the definition has changed, regardless of the order of keys', async () => {
    const made = await create({ variables: { a: 1, b: { c: 2, d: 3 } } });
    const update = (variables: unknown) =>
      database.db.transaction((tx) => store.update(tx, made.id, { definition: definitionOf({ variables }), actor }));
    expect((await update({ b: { d: 3, c: 2 }, a: 1 })).version).toBe(1);
    expect((await update({ a: 1, b: { c: 2 } })).version).toBe(2);
    const versions = await store.versions(database.db, made.id, { limit: 10 });
    expect(versions.map(({ version, createdBy }) => [version, createdBy])).toEqual([
      [2, actor],
      [1, actor],
    ]);
    expect((await store.versionAt(database.db, made.id, 1))?.definition.variables).toEqual({ a: 1, b: { c: 2, d: 3 } });
    expect(await store.versionAt(database.db, made.id, 3)).toBeNull();
  });

  it('changes the ETag of an automation with every write, and refuses a stale ETag under the lock', async () => {
    const made = await create();
    const disabled = await database.db.transaction((tx) => store.update(tx, made.id, { status: 'disabled', actor }));
    expect(automationEtag(disabled)).not.toBe(automationEtag(made));
    const check = (current: { version: number; revision: number }) => {
      if (automationEtag(current) !== automationEtag(made)) throw new FermataError('stale_etag', 'Changed in between');
    };
    const stale = database.db.transaction((tx) => store.update(tx, made.id, { status: 'enabled', check, actor }));
    await expect(stale).rejects.toMatchObject({ code: 'stale_etag' });
    expect((await store.get(database.db, made.id))?.status).toBe('disabled');
  });

  it('assigns revisions in the order of commits: the second writer waits for the first', async () => {
    const order: string[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let onCreated = (): void => undefined;
    const locked = new Promise<void>((resolve) => (onCreated = resolve));
    const first = database.db.transaction(async (tx) => {
      const made = await store.create(tx, { definition: definitionOf({ name: 'first' }), actor });
      onCreated();
      await held;
      order.push('first');
      return made;
    });
    await locked;
    const second = create({ name: 'second' }).then((made) => {
      order.push('second');
      return made;
    });
    release();
    const [a, b] = await Promise.all([first, second]);
    expect(order).toEqual(['first', 'second']);
    expect(b.revision).toBe(a.revision + 1);
  });

  it('lists automations newest first, each once, even if new ones are created in between', async () => {
    const made = [];
    for (let n = 0; n < 5; n += 1) made.push((await create({ name: `n${n}` })).name);
    const first = await store.list(database.db, {}, { limit: 2 });
    await create({ name: 'late' });
    const rest = await store.list(database.db, {}, { limit: 10, after: first.at(-1)?.id ?? '' });
    expect([...first, ...rest].map(({ name }) => name)).toEqual(made.reverse());
  });

  it('filters by group, text, status and managedBy; an empty group selects automations without a group', async () => {
    await create({ name: 'Page 100%', group: 'on-call' });
    await create({ name: 'Note', description: 'writes a_line' });
    const names = async (filter: Parameters<typeof store.list>[1]) =>
      (await store.list(database.db, filter, { limit: 10 })).map(({ name }) => name);
    expect(await names({ group: 'on-call' })).toEqual(['Page 100%']);
    expect(await names({ group: '' })).toEqual(['Note']);
    expect(await names({ q: 'PAGE' })).toEqual(['Page 100%']);
    expect(await names({ q: '0%' })).toEqual(['Page 100%']);
    expect(await names({ q: '_' })).toEqual(['Note']);
    expect(await names({ status: 'disabled' })).toEqual([]);
    expect(await names({ managedBy: 'gitops' })).toEqual([]);
    expect(await store.groups(database.db)).toEqual(['on-call']);
  });

  it('hides deleted automations and keeps their versions', async () => {
    const made = await create({ group: 'gone' });
    await database.db.transaction((tx) => store.remove(tx, made.id));
    expect(await store.get(database.db, made.id)).toBeNull();
    expect(await store.groups(database.db)).toEqual([]);
    expect(await store.versions(database.db, made.id, { limit: 10 })).toHaveLength(1);
    const again = database.db.transaction((tx) => store.remove(tx, made.id));
    await expect(again).rejects.toMatchObject({ code: 'not_found' });
  });

  it('returns the time of the newest run as lastTriggeredAt', async () => {
    const { id } = await create();
    await database.db.execute(sql`
      insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, root_run_id, workflow_id, created_at)
      values (${uuidV7.next()}, ${id}, 1, 'all', 'single', 'success', '{}', ${uuidV7.next()}, 'w', '2026-11-20T10:05:00Z')`);
    const found = await store.get(database.db, id);
    expect(found?.lastTriggeredAt?.toISOString()).toBe('2026-11-20T10:05:00.000Z');
    // Runs with newer causes, which were created earlier.
    await database.db.execute(sql`
      insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, root_run_id, workflow_id, created_at)
      select id, ${id}, 1, 'all', 'single', 'success', '{}', id, 'w', '2026-11-20T10:04:00Z'
      from (select ('ffffffff-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid as id from generate_series(1, 20) as n) as r`);
    expect(await store.get(database.db, id)).toMatchObject({ lastTriggeredAt: new Date('2026-11-20T10:05:00.000Z') });
  });
});
