import { onEntityChanged } from '../../src/domain/registry/entity-listener';
import { createBroadcast } from '../../src/engine/broadcast';
import { createLogger } from '../../src/log';
import { useDatabase } from '../support/database';
import { until } from '../support/until';

const database = useDatabase();

const insert = (id: string) =>
  `insert into changes (change_id, partition, kind, entity_id, next, delta, changed_fields, actor, occurred_at)
   values (gen_random_uuid(), 0, 'light', '${id}', '{"on": 9}', '{}', '{on}', '{"type": "user", "id": "x"}', now())`;

it('calls a listener once for each new change, even if its transaction commits late', async () => {
  const received: string[] = [];
  await database.pool.query(insert('before'));
  const listeners = [onEntityChanged({ kind: 'light' }, ({ id }) => void received.push(id))];
  const log = createLogger({ level: 'silent', name: 'test' });
  const late = await database.pool.connect();
  await late.query('begin');
  await late.query(insert('late'));
  const broadcast = createBroadcast({ db: database.db, listeners, log });
  try {
    await new Promise((next) => setTimeout(next, 300));
    await database.pool.query(insert('a'));
    await until('the listener got a', () => received.includes('a'));
    // Skip more positions than any fixed look-back would cover.
    await database.pool.query(`select setval('change_seq', nextval('change_seq') + 50000)`);
    await database.pool.query(insert('b'));
    await until('the listener got b', () => received.includes('b'));
    await late.query('commit');
    await until('the listener got late', () => received.includes('late'));
    await new Promise((next) => setTimeout(next, 600));
    expect(received).toEqual(['a', 'b', 'late']);
  } finally {
    late.release();
    await broadcast.stop();
  }
});
