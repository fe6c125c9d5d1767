import { randomUUID } from 'node:crypto';
import { sql, type SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { z } from 'zod';
import { createAutomationStore } from '../../src/db/automation-store';
import type { Database } from '../../src/db/client';
import type { RunSource } from '../../src/db/runs/run-source';
import type { Wait } from '../../src/db/runs/wait-row';
import { beginCheck, endCheck, insertWait, lockWait, wakeWait, type Wake } from '../../src/db/runs/wait-states';
import { systemClock, uuidV7 } from '../../src/domain/clock';
import { Definition } from '../../src/domain/definition/schema';
import type { Change } from '../../src/domain/entities/change';
import { createRegistry } from '../../src/domain/registry/registry';
import { wakeWaits, type DerivedChange, type WakeDeps } from '../../src/engine/wake-waits';
import type { Evaluator } from '../../src/evaluation/evaluator';
import { createLogger } from '../../src/log';
import { useDatabase } from '../support/database';

const PATH = 'actions[0]';
const EVENT = 'plugin.event';
const ANY_LAMP = { wait_until: { condition: 'true' } };
const ANY_EVENT = { wait_for_trigger: { event: EVENT, context_key: '*' } };
const lamp = (id: string) => ({ kind: 'lamp', id });

/** A registry with a trigger whose payload cannot be stored. */
const registry = createRegistry([
  {
    id: 'plugin',
    triggers: [
      {
        ...{ id: 'event', displayName: 'Event', description: '', category: '', payloadSchema: z.object({}) },
        payloadOf: () => ({ text: '\u0000' }),
      },
    ],
  },
]);

describe('a change that concerns a wait', () => {
  const database = useDatabase();

  /** Creates a waiting run whose wait has been checked once. */
  async function waitingRun(action: object) {
    const { db } = database;
    const store = createAutomationStore({ clock: systemClock, ids: uuidV7 });
    const definition = Definition.parse({
      ...{ name: randomUUID(), triggers: [{ id: 't', event: 'incident.created' }], actions: [action] },
    });
    const made = await db.transaction((tx) => store.create(tx, { definition, actor: { type: 'user', id: 'test' } }));
    const runId = randomUUID();
    await db.execute(sql`
      insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, variables, root_run_id,
        workflow_id, created_at, start_at)
      values (${runId}, ${made.id}, 1, 'all', 'parallel', 'waiting', '{}', '{}', ${runId}, ${runId}, clock_timestamp(),
        clock_timestamp())`);
    const id = randomUUID();
    const isEvent = 'wait_for_trigger' in action;
    const kind: Wait['kind'] = isEvent ? 'wait_for_trigger' : 'wait_until';
    await insertWait(db, {
      ...{ id, runId, path: PATH, kind, afterSeq: 0, since: new Date() },
      ...{ refs: isEvent ? [] : [lamp('*')], event: isEvent ? EVENT : null, anyKey: isEvent, contextKey: null },
      ...{ scope: { variables: {}, repeat: null, wait: null }, timeoutAt: null, recheckAt: null },
    });
    await endCheck(db, id, null);
    const source = { runId, automationId: made.id, version: 1, facts: { run: { id: runId } }, definition };
    return {
      ...{ id, runId, source: source as unknown as RunSource },
      row: () => db.transaction((tx) => lockWait(tx, runId, PATH)),
    };
  }

  /** Returns the dependencies of routing, and the list to which they add the wakes to send. */
  function routing(source: RunSource, more: Partial<WakeDeps> = {}): { deps: WakeDeps; sent: Wake[] } {
    const sent: Wake[] = [];
    const evaluator = { readCondition: () => Promise.resolve({ value: true, changesAt: null }) };
    const deps: WakeDeps = {
      ...{ database, registry, evaluator: evaluator as unknown as Evaluator },
      ...{ sourceOf: () => Promise.resolve(source), filtersLacking: () => [] },
      ...{ log: createLogger({ level: 'silent', name: 'test' }), onWake: () => undefined },
      ...{ onWakeToSend: (wake: Wake) => void sent.push(wake), ...more },
    };
    return { deps, sent };
  }

  const common = { changeId: randomUUID(), seq: 1, causedBy: null, depth: 0, occurredAt: new Date() };
  const actor = { type: 'user', id: 'test' } as const;
  const changeOf = (id: string): DerivedChange => {
    const state = { prev: null, next: {}, delta: {}, changedFields: [] };
    return { change: { ...common, ...lamp(id), actor, shape: 'entity', ...state } as Change, occurrences: [] };
  };

  it('wakes the wait even if the run takes the pending wake of another change at that moment', async () => {
    const { id, runId, source, row } = await waitingRun(ANY_LAMP);
    await wakeWait(database.db, id, { changed: lamp('a') });
    const dialect = new PgDialect();
    let checks = 0;
    // The run begins its check right after the statement that finds a pending wake.
    const racing = new Proxy(database.db, {
      get(db, name) {
        if (name !== 'execute') return Reflect.get(db, name) as unknown;
        return async (query: SQL) => {
          const result = await db.execute(query);
          const isWake = dialect.sqlToQuery(query).sql.includes('update waits w set woken_by');
          if (isWake && result.rows.length === 0 && (checks += 1) === 1) await beginCheck(db, runId, PATH);
          return result;
        };
      },
    });
    const { deps, sent } = routing(source, { database: { ...database, db: racing } as Database });
    await wakeWaits(deps, [changeOf('b')]);
    expect(await row()).toMatchObject({ wokenBy: { changed: lamp('b') }, checkCause: { changed: lamp('a') } });
    expect(sent).toHaveLength(1);
  });

  it('is added to a pending wake once', async () => {
    const { id, source, row } = await waitingRun(ANY_LAMP);
    await wakeWait(database.db, id, { changed: lamp('a') });
    const { deps, sent } = routing(source);
    for (const changed of ['b', 'c', 'b']) await wakeWaits(deps, [changeOf(changed)]);
    expect((await row())?.wokenBy).toEqual({ changed: lamp('a'), more: [lamp('b'), lamp('c')] });
    expect(sent).toEqual([]);
  });

  it('makes the run search the log if this worker cannot evaluate the wait and a wake is pending', async () => {
    const { id, source, row } = await waitingRun(ANY_LAMP);
    await wakeWait(database.db, id, { changed: lamp('a') });
    expect((await row())?.isChecked).toBe(true);
    await wakeWaits(routing(source, { filtersLacking: () => ['beaufort'] }).deps, [changeOf('b')]);
    expect(await row()).toMatchObject({ wokenBy: { changed: lamp('a') }, isChecked: false });
  });

  it('makes the run evaluate the wait if the payload of a plugin cannot be stored', async () => {
    const { source, row } = await waitingRun(ANY_EVENT);
    const { deps, sent } = routing(source);
    const change = { ...common, ...lamp('a'), actor, shape: 'event', event: EVENT, payload: {} } as Change;
    await wakeWaits(deps, [{ change, occurrences: [{ event: EVENT, payload: {} }] }]);
    expect(await row()).toMatchObject({ wokenBy: {}, isChecked: false });
    expect(sent).toHaveLength(1);
  });
});
