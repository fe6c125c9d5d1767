import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { beginSent, beginStep } from '../../src/db/runs/step-states';
import { startEngine, type Engine } from '../support/engine';

const CANARY = 'canary-5d1f0c3a77';

describe('a call that is prepared before its step begins', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await engine.worker();
  }, 60_000);
  afterAll(() => engine.close());

  it('reads the artifacts of the steps before it, and masks the secrets that they have used', async () => {
    const api = await engine.api();
    await engine.call(api, 'PUT', '/secrets/CANARY', { value: CANARY });
    engine.receiver.answerWith(({ path, body }, response) => {
      response.end(JSON.stringify({ path, echo: path === '/first' ? CANARY : body }));
    });
    const id = await engine.save(`
name: Chain
mode: parallel
triggers: [{ event: automation.event, config: { type: chain } }]
actions:
  - { id: first, action: integration-webhook.send, config: { url: "$URL/first", bearerToken: "\${{ secrets.CANARY }}" } }
  - { choose: [{ when: "true", sequence: [{ id: log, action: automation.log, config: { message: between } }] }] }
  - { id: second, action: integration-webhook.send, config: { url: "$URL/second", body: "{{ artifacts.first.delivery.status }} ${CANARY}" } }
  - { id: third, action: integration-webhook.send, config: { url: "$URL/third", body: "{{ artifacts.second.delivery.status }}" } }
`);
    await engine.emit('chain');
    const [run] = await engine.ended(1, id);
    expect(run).toMatchObject({ status: 'success', error: null });
    const { rows } = await engine.database.db.execute<{ text: string; attempts: number }>(
      sql`select s.*::text as text, attempts from run_steps s where run_id = ${run?.id} and kind = 'action'`,
    );
    expect(rows.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1]);
    expect(rows.filter(({ text }) => text.includes(CANARY))).toEqual([]);
    const sent = engine.receiver.received.map(({ path, body }) => [path, body]);
    expect(sent).toEqual([
      ['/first', ''],
      ['/second', `200 ${CANARY}`],
      ['/third', '200'],
    ]);
  });

  it('begins in one statement, however often that is repeated, and not if another attempt has begun the step', async () => {
    const { db } = engine.database;
    const { rows } = await db.execute<{ automation_id: string }>(sql`select automation_id from runs limit 1`);
    const id = randomUUID();
    await db.execute(sql`
      insert into runs (id, automation_id, version, scope_key, context_key, mode, status, trigger_scope, variables,
        root_run_id, workflow_id, created_at, start_at, execution_run_id)
      values (${id}, ${rows[0]?.automation_id}, 1, ${id}, ${id}, 'single', 'waiting', '{}', '{}', ${id}, ${id},
        clock_timestamp(), clock_timestamp(), 'e1')`);
    const names = (path: string) => ({
      ...{ runId: id, path, actionId: null, kind: 'action', action: 'integration-webhook.send' },
      view: { lanes: [], byItem: false },
    });
    const key = (token: string) => ({ of: 'a', no: 1, token });
    const begun = [
      await beginSent(db, names('actions[0]'), key('t1')),
      await beginSent(db, names('actions[0]'), key('t1')),
      await beginSent(db, names('actions[0]'), key('t2')),
    ];
    await beginStep(db, names('actions[1]'), 'show', undefined, key('t3'));
    begun.push(await beginSent(db, names('actions[1]'), key('t4')));
    expect(begun).toEqual([true, true, false, false]);
    const steps = await db.execute(sql`
      select path, status, attempts, attempt ->> 'token' as token, attempt ? 'sentAt' as sent, trace
      from run_steps where run_id = ${id} order by path`);
    expect(steps.rows[0]).toEqual({
      ...{ path: 'actions[0]', status: 'running', attempts: 1, token: 't1', sent: true, trace: {} },
    });
    expect((await db.execute(sql`select status from runs where id = ${id}`)).rows).toEqual([{ status: 'running' }]);
    await db.execute(sql`update runs set status = 'cancelled' where id = ${id}`);
    expect(await beginSent(db, names('actions[2]'), key('t1'))).toBe(false);
  });
});
