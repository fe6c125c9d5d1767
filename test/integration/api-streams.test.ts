import { once } from 'node:events';
import { connect } from 'node:net';
import { BASE, startApiHarness, ADMIN_TOKEN, type ApiHarness } from './api-harness';

let api: ApiHarness;
beforeAll(async () => {
  api = await startApiHarness();
  await api.call('PUT', `${BASE}/entity-kinds/light`, { body: { schema: { type: 'object' } } });
});
afterAll(() => api.end());

interface SentEvent {
  id: number;
  event: string;
  data: Record<string, unknown>;
}

/** Opens a stream and reads its server-sent events. */
async function open(path: string, lastEventId?: number, token = ADMIN_TOKEN, url = api.url) {
  const abort = new AbortController();
  const response = await fetch(`${url}${BASE}${path}`, {
    headers: {
      Authorization: `Bearer ${token}`,
      ...(lastEventId === undefined ? {} : { 'Last-Event-ID': `${lastEventId}` }),
    },
    signal: abort.signal,
  });
  const events: SentEvent[] = [];
  const ended = read(response, events).catch(() => undefined);
  const until = async (done: (events: SentEvent[]) => boolean) => {
    for (let tries = 0; tries < 200 && !done(events); tries += 1) await new Promise((next) => setTimeout(next, 25));
    return events;
  };
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    events,
    ended,
    until,
    close: () => abort.abort(),
  };
}

async function read(response: Response, events: SentEvent[]): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]),
      );
      if (!fields.has('event')) continue;
      const data = JSON.parse(fields.get('data') ?? '') as Record<string, unknown>;
      events.push({ id: Number(fields.get('id')), event: fields.get('event') ?? '', data });
    }
  }
}

const switchLight = (id: string, on: number) => api.call('PUT', `${BASE}/entities/light/${id}`, { body: { on } });
const startRun = async (name: string) => {
  const body = {
    name,
    triggers: [{ event: 'catalog.created' }],
    actions: [{ action: 'automation.log', config: { message: 'm' } }],
  };
  const made = await api.call('POST', `${BASE}/automations`, { body });
  return String((await api.call('POST', `${BASE}/automations/${String(made.body.id)}/runs`)).body.runId);
};

it('streams changes that occur after the connection, and resumes after the last id without gaps or repeats', async () => {
  await switchLight('a', 0);
  const stream = await open('/stream');
  expect([stream.status, stream.type]).toEqual([200, 'text/event-stream; charset=utf-8']);
  await switchLight('a', 1);
  await stream.until((events) => events.length === 1);
  expect(stream.events).toMatchObject([
    { event: 'entity', data: { kind: 'light', id: 'a', prev: { on: 0 }, next: { on: 1 } } },
  ]);
  stream.close();
  const last = stream.events[0]?.id ?? 0;
  await switchLight('a', 2);
  await switchLight('a', 3);
  const resumed = await open('/stream', last);
  await switchLight('a', 4);
  await resumed.until((events) => events.length === 3);
  await new Promise((next) => setTimeout(next, 600));
  expect(resumed.events.map(({ data }) => data.next)).toEqual([{ on: 2 }, { on: 3 }, { on: 4 }]);
  expect(resumed.events.every(({ id }, index, all) => id > (all[index - 1]?.id ?? last))).toBe(true);
  resumed.close();
});

it('streams the same events at /events/stream', async () => {
  const stream = await open('/events/stream');
  await switchLight('e', 1);
  await stream.until((events) => events.length === 1);
  expect(stream.events).toMatchObject([{ event: 'entity', data: { kind: 'light', id: 'e' } }]);
  stream.close();
});

it('responds to HEAD with only the headers', async () => {
  const answer = await api.call('HEAD', `${BASE}/stream`);
  expect([answer.status, answer.headers.get('content-type'), answer.text]).toEqual([200, 'text/event-stream', '']);
});

it('streams a change whose transaction commits late', async () => {
  const stream = await open('/stream');
  const late = await api.database.pool.connect();
  await late.query('begin');
  await late.query(
    `insert into changes (change_id, partition, kind, entity_id, next, changed_fields, actor, occurred_at)
     values (gen_random_uuid(), 0, 'light', 'late', '{"on": 9}', '{on}', '{"type": "user", "id": "x"}', now())`,
  );
  await switchLight('b', 1);
  await stream.until((events) => events.length === 1);
  await late.query('commit');
  late.release();
  await stream.until((events) => events.length === 2);
  expect(stream.events.map(({ data }) => data.id)).toEqual(['b', 'late']);
  stream.close();
});

/** Inserts a change in a transaction that stays open until `commit`. The insert assigns the change its position. */
async function lateChange(id: string) {
  const client = await api.database.pool.connect();
  await client.query('begin');
  const { rows } = await client.query<{ seq: string }>(
    `insert into changes (change_id, partition, kind, entity_id, next, changed_fields, actor, occurred_at)
     values (gen_random_uuid(), 0, 'light', $1, '{"on": 9}', '{on}', '{"type": "user", "id": "x"}', now())
     returning seq`,
    [id],
  );
  return {
    seq: Number(rows[0]?.seq),
    async commit() {
      await client.query('commit');
      client.release();
    },
  };
}
const idsOf = (events: readonly SentEvent[]) => events.map(({ data }) => data.id);
const pause = (ms: number) => new Promise((next) => setTimeout(next, ms));

it('loses nothing across a reconnect if a transaction commits late, and repeats only events after its position', async () => {
  const stream = await open('/stream');
  const late = await lateChange('late-2');
  await switchLight('c', 1);
  await stream.until((events) => events.length === 1);
  // The id remains below the position of the open transaction, so a reader that resumes from it receives the event
  // again.
  expect(stream.events[0]?.id).toBeLessThan(late.seq);
  stream.close();
  await late.commit();
  const resumed = await open('/stream', stream.events[0]?.id);
  await resumed.until((events) => events.length === 2);
  expect(idsOf(resumed.events)).toEqual(['late-2', 'c']);
  await switchLight('d', 1);
  await resumed.until((events) => events.length === 3);
  resumed.close();
  const again = await open('/stream', resumed.events[2]?.id);
  await switchLight('e', 2);
  await again.until((events) => events.length === 1);
  await pause(400);
  expect(idsOf(again.events)).toEqual(['e']);
  again.close();
});

it('loses nothing on an API that started while a transaction was open', async () => {
  await switchLight('before', 1);
  const late = await lateChange('late-3');
  const other = await startApiHarness({}, { databaseUrl: api.database.pool.options.connectionString ?? '' });
  try {
    const stream = await open('/stream', undefined, ADMIN_TOKEN, other.url);
    await switchLight('f', 1);
    await stream.until((events) => events.length === 1);
    stream.close();
    await late.commit();
    const resumed = await open('/stream', stream.events[0]?.id, ADMIN_TOKEN, other.url);
    await resumed.until((events) => idsOf(events).includes('late-3'));
    expect(idsOf(resumed.events)).toContain('late-3');
    resumed.close();
  } finally {
    await other.end();
  }
});

it('sends a new reader nothing that was committed earlier, and nothing twice', async () => {
  const first = await open('/stream');
  for (let n = 0; n < 10; n += 1) {
    await switchLight('old', n);
    const fresh = await open('/stream');
    await switchLight('new', n);
    await fresh.until((events) => events.length > 0);
    expect(idsOf(fresh.events)).toEqual(['new']);
    fresh.close();
  }
  await first.until((events) => events.length === 20);
  await pause(400);
  expect(first.events).toHaveLength(20);
  first.close();
});

it('resumes after a disconnection before the first event', async () => {
  const response = await fetch(`${api.url}${BASE}/stream`, { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
  const reader = response.body?.getReader();
  const head = new TextDecoder().decode((await reader?.read())?.value as Uint8Array);
  await reader?.cancel();
  await switchLight('missed', 1);
  const resumed = await open('/stream', Number(/^id: (\d+)$/m.exec(head)?.[1]));
  await resumed.until((events) => events.length === 1);
  expect(idsOf(resumed.events)).toEqual(['missed']);
  resumed.close();
});

it('reports a gap if events are too old to be replayed', async () => {
  await switchLight('ancient', 1);
  const [first] = await api.rows<{ seq: string }>(`select seq from changes where entity_id = 'ancient'`);
  await api.rows(`select setval('change_seq', nextval('change_seq') + 20000)`);
  await switchLight('recent', 1);
  const stream = await open('/stream', Number(first?.seq) - 1);
  await stream.until((events) => events.length === 2);
  expect(stream.events).toMatchObject([
    { event: 'gap', data: { after: Number(first?.seq) - 1 } },
    { event: 'entity', data: { id: 'recent' } },
  ]);
  expect(stream.events[0]?.id).toBe(stream.events[0]?.data.until);
  stream.close();
});

it('reports a gap for an id that the database has not assigned yet', async () => {
  const stream = await open('/stream', 900_000_000_000);
  await switchLight('present', 1);
  await stream.until((events) => events.length === 2);
  expect(stream.events).toMatchObject([{ event: 'gap' }, { event: 'entity', data: { id: 'present' } }]);
  stream.close();
});

it('allows 20 streams per token, and another stream after one of them is closed', async () => {
  const token = await api.token('viewer');
  const streams = await Promise.all(Array.from({ length: 20 }, () => open('/stream', undefined, token)));
  expect(streams.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  const refused = await api.call('GET', `${BASE}/events/stream`, { token });
  expect([refused.status, refused.body.code, Number(refused.headers.get('retry-after')) > 0]).toEqual([
    429,
    'rate_limited',
    true,
  ]);
  const signedIn = await api.call('POST', `${BASE}/session`, { token: null, body: { token } });
  const cookie = String(signedIn.headers.get('set-cookie')).split(';', 1)[0] ?? '';
  expect((await api.call('GET', `${BASE}/stream`, { token: null, headers: { cookie } })).status).toBe(429);
  expect((await api.call('GET', `${BASE}/runs/${await startRun('Limited')}/stream`, { token })).status).toBe(429);
  const other = await open('/stream');
  expect(other.status).toBe(200);
  other.close();
  streams[0]?.close();
  let again = await open('/stream', undefined, token);
  for (let tries = 0; tries < 100 && again.status !== 200; tries += 1) {
    await pause(20);
    again = await open('/stream', undefined, token);
  }
  expect(again.status).toBe(200);
  [...streams, again].forEach((stream) => stream.close());
});

/** Opens a stream on a plain socket that reads only after `resume`. */
async function openPaused(path: string, lastEventId: number) {
  const { hostname, port } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const head = [`GET ${BASE}${path} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${ADMIN_TOKEN}`];
  socket.write([...head, `Last-Event-ID: ${lastEventId}`, '', ''].join('\r\n'));
  socket.pause();
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  socket.pause();
  socket.on('error', () => undefined);
  return { socket, text: () => text };
}

it('reads only as much as a slow client consumes, and stops when the client disconnects', async () => {
  const [{ last = '0' } = {}] = await api.rows<{ last: string }>(`select nextval('change_seq') as last`);
  await api.rows(
    `insert into changes (change_id, partition, kind, entity_id, next, changed_fields, actor, occurred_at)
     select gen_random_uuid(), 0, 'light', 'bulk-' || n, jsonb_build_object('text', repeat('x', 40000)), '{text}',
       '{"type": "user", "id": "x"}', now() from generate_series(1, 4000) n`,
  );
  let queries = 0;
  const count = () => (queries += 1);
  api.database.pool.on('acquire', count);
  const slow = await openPaused('/stream', Number(last));
  await pause(3000);
  // Reading everything takes 80 queries and 160 MB, of which the kernel buffers up to 38 MB. Polls and heartbeats only
  // add a few queries per second.
  expect(queries).toBeLessThan(60);
  slow.socket.resume();
  for (let tries = 0; tries < 200 && !slow.text().includes('bulk-4000"'); tries += 1) await pause(100);
  expect(slow.text().match(/"id":"bulk-\d+"/g)).toHaveLength(4000);
  slow.socket.destroy();
  const hungUp = await openPaused('/stream', Number(last));
  await pause(200);
  hungUp.socket.destroy();
  await pause(800);
  queries = 0;
  await pause(1500);
  api.database.pool.off('acquire', count);
  expect(queries).toBe(0);
}, 180_000);

it('disconnects a client that reads too slowly', async () => {
  const slow = await openPaused('/stream', 900_000_000_000);
  await pause(500);
  const text = 'y'.repeat(900_000);
  for (let n = 0; n < 25; n += 1) {
    await api.call('PUT', `${BASE}/entities/light/huge`, { body: { text: `${text}${n}` } });
  }
  slow.socket.resume();
  await once(slow.socket, 'close');
  expect(slow.text().match(/"id":"huge"/g)?.length ?? 0).toBeLessThan(25);
}, 180_000);

it('streams a run from start to end and then closes the stream', async () => {
  const runId = await startRun('Streamed');
  const stream = await open(`/runs/${runId}/stream`);
  await stream.until((events) => events.length === 1);
  await api.rows(
    `insert into run_steps (run_id, path, kind, status, result, started_at) values ($1, 'actions[0]', 'action', 'success', '"123"', now())`,
    [runId],
  );
  await stream.until((events) => events.length === 2);
  await api.rows(`update runs set status = 'success', finished_at = now(), seq = nextval('change_seq') where id = $1`, [
    runId,
  ]);
  await stream.ended;
  expect(stream.events).toMatchObject([
    { event: 'run', data: { id: runId, status: 'pending' } },
    { event: 'step', data: { runId, path: 'actions[0]', status: 'success', result: '123' } },
    { event: 'run', data: { id: runId, status: 'success' } },
  ]);
  const again = await open(`/runs/${runId}/stream`, stream.events[1]?.id);
  await again.ended;
  expect(again.events).toMatchObject([{ event: 'run', data: { status: 'success' } }]);
});

it('streams only the events of its own run', async () => {
  const [one, other] = [await startRun('One'), await startRun('Other')];
  const stream = await open(`/runs/${one}/stream`);
  await api.call('POST', `${BASE}/runs/${other}/cancel`);
  await api.call('POST', `${BASE}/runs/${one}/cancel`);
  await stream.ended;
  expect(new Set(stream.events.map(({ data }) => data.id))).toEqual(new Set([one]));
  expect(stream.events.at(-1)?.data.status).toBe('cancelled');
});

it('refuses an invalid id, an unknown run and an invalid token', async () => {
  expect((await open('/stream', Number.NaN)).status).toBe(400);
  expect((await open('/runs/nope/stream')).status).toBe(404);
  expect((await open('/stream', undefined, 'wrong')).status).toBe(401);
});

it('ends all streams when the API shuts down', async () => {
  const other = await startApiHarness();
  const response = await fetch(`${other.url}${BASE}/stream`, { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
  const text = response.text();
  other.api.close();
  expect(await text).toContain('retry');
  await other.end();
});
