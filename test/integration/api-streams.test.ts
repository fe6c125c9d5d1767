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

/** A reader of server-sent events. */
async function open(path: string, lastEventId?: number, token = ADMIN_TOKEN) {
  const abort = new AbortController();
  const response = await fetch(`${api.url}${BASE}${path}`, {
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

it('tells what changes from now on, and resumes behind the last id without a gap or a repeat', async () => {
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

it('tells the same at /events/stream', async () => {
  const stream = await open('/events/stream');
  await switchLight('e', 1);
  await stream.until((events) => events.length === 1);
  expect(stream.events).toMatchObject([{ event: 'entity', data: { kind: 'light', id: 'e' } }]);
  stream.close();
});

it('answers HEAD with the headers alone', async () => {
  const answer = await api.call('HEAD', `${BASE}/stream`);
  expect([answer.status, answer.headers.get('content-type'), answer.text]).toEqual([200, 'text/event-stream', '']);
});

it('tells of a change whose transaction commits late', async () => {
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

it('tells a run from the start to its end and closes then', async () => {
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

it('does not mix runs', async () => {
  const [one, other] = [await startRun('One'), await startRun('Other')];
  const stream = await open(`/runs/${one}/stream`);
  await api.call('POST', `${BASE}/runs/${other}/cancel`);
  await api.call('POST', `${BASE}/runs/${one}/cancel`);
  await stream.ended;
  expect(new Set(stream.events.map(({ data }) => data.id))).toEqual(new Set([one]));
  expect(stream.events.at(-1)?.data.status).toBe('cancelled');
});

it('refuses what is no id, no run, no token', async () => {
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
