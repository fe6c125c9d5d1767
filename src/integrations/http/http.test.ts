import { createActionRunner } from '../../../test/support/run-action';
import { startVendorServer, type VendorAnswer } from '../../../test/support/vendor-server';

let answers: VendorAnswer[];
let tokens: number;
let server: Awaited<ReturnType<typeof startVendorServer>>;
let runner: ReturnType<typeof createActionRunner>;
beforeEach(async () => {
  [answers, tokens] = [[], 0];
  server = await startVendorServer(({ path, headers, body }) => {
    if (path === '/moved') {
      return { status: 307, headers: { location: `${server.url.replace('127.0.0.1', 'localhost')}/token` } };
    }
    if (path === '/token') {
      const form = new URLSearchParams(body);
      // https://www.rfc-editor.org/rfc/rfc6749#section-5.2
      if (form.get('client_secret') !== 'canary') return { status: 401, body: { error: 'invalid_client' } };
      tokens += 1;
      return { status: 200, body: { access_token: `token-${tokens}`, token_type: 'bearer', expires_in: 3_600 } };
    }
    if (headers['authorization'] !== `Bearer token-${tokens}`) return { status: 401, body: { error: 'expired' } };
    return answers.shift() ?? { status: 200, body: { items: [{ id: 7 }], state: 'done' } };
  });
  const oauth2 = { tokenUrl: `${server.url}/token`, clientId: 'me', clientSecret: 'canary', scope: 'read' };
  runner = createActionRunner('http', { baseUrl: `${server.url}/api`, headers: { 'X-Key': 'canary-key' }, oauth2 });
});
afterEach(() => server.close());

const request = (config: Record<string, unknown> = {}) =>
  runner.run('integration-http.request', { path: '/x', ...config });

it('sends a request with a token, and reads values from the response', async () => {
  const { artifact } = await request({
    method: 'POST',
    query: { q: 'a&b' },
    body: { a: 1 },
    outputs: { first: '$.items[0].id' },
  });
  expect(artifact).toEqual({ status: 200, body: { items: [{ id: 7 }], state: 'done' }, outputs: { first: 7 } });
  const sent = server.requests.at(-1);
  expect([sent?.method, sent?.path, sent?.body, sent?.headers['x-key'], sent?.headers['idempotency-key']]).toEqual([
    ...['POST', '/api/x?q=a%26b', '{"a":1}', 'canary-key', 'run-1:actions[0]'],
  ]);
  await request();
  expect(tokens).toBe(1);
});

it('hides the token in the response, also when it is kept', async () => {
  for (const status of [200, 404]) {
    answers.push({ status, body: { authorization: 'Bearer token-1' } });
    runner.hidden.clear();
    const { output } = await runner.run('integration-http.request', { expectedStatus: status });
    expect(output).toMatchObject({ body: { authorization: 'Bearer ****' } });
  }
  expect(tokens).toBe(1);
});

it('does not send the credentials of a token request to another origin', async () => {
  const oauth2 = { tokenUrl: `${server.url}/moved`, clientId: 'me', clientSecret: 'canary' };
  const moved = createActionRunner('http', { baseUrl: server.url, oauth2 });
  await expect(moved.test()).rejects.toThrow('the body contains a secret');
  expect(server.requests.map(({ path }) => path)).toEqual(['/moved']);
});

it('waits for a response as long as the attempt may take', async () => {
  answers.push({ status: 200, stream: (response) => void setTimeout(() => response.end('{}'), 2_000).unref() });
  const config = { path: '/slow' };
  const running = runner.run('integration-http.request', config, { timeoutMs: 200 });
  await expect(running).rejects.toMatchObject({ code: 'timeout', retryable: true });
});

it('requests a new token if the old one is refused', async () => {
  await request();
  tokens += 1;
  expect((await request()).artifact).toMatchObject({ status: 200 });
  expect(tokens).toBe(3);
});

it('fails according to the status, unless the status is expected', async () => {
  answers.push(
    { status: 404, body: { message: 'gone' } },
    { status: 404 },
    { status: 503, headers: { 'retry-after': '3' } },
  );
  await expect(request()).rejects.toMatchObject({
    status: 404,
    retryable: false,
    output: { body: { message: 'gone' } },
  });
  expect((await request({ expectedStatus: [200, 404] })).artifact).toMatchObject({ status: 404 });
  await expect(request()).rejects.toMatchObject({ retryable: true, retryAfterMs: 3_000 });
});

it.each(['//evil.example/x', 'https://evil.example', 'x'])('refuses the path %s', async (path) => {
  await expect(request({ path })).rejects.toThrow('must begin with one');
});

it('polls until an expression holds, and fails if it does not in time', async () => {
  answers.push({ status: 200, body: { state: 'busy' } });
  const poll = (config: Record<string, unknown>) =>
    runner.run('integration-http.poll_until', { path: '/job', every_seconds: 1, ...config });
  expect((await poll({ until: 'response.body.state == "done"' })).artifact).toMatchObject({ body: { state: 'done' } });
  expect(server.requests.filter(({ path }) => path === '/api/job')).toHaveLength(2);
  runner.progress.clear();
  await expect(poll({ until: 'response.status == 500', timeout_seconds: 1 })).rejects.toMatchObject({
    code: 'timeout',
  });
  expect((await poll({ until: '{{ response.body.state }}' })).artifact).toMatchObject({ body: { state: 'done' } });
  await expect(poll({ until: '1 / 0' })).rejects.toMatchObject({ code: 'config_invalid' });
  await expect(poll({ until: 'response.(' })).rejects.toThrow('Expected a name after');
  await expect(poll({ until: 'response.body | nope' })).rejects.toThrow('Unknown filter');
});

it.each([-600_000, 600_000])(
  'polls until its timeout if the clock of this machine differs from that of the database by %d ms',
  async (skewMs) => {
    answers.push({ status: 200, body: { state: 'busy' } });
    const now = new Date(Date.now() - skewMs);
    const config = { path: '/job', every_seconds: 1, until: 'response.body.state == "done"', timeout_seconds: 60 };
    const { artifact } = await runner.run('integration-http.poll_until', config, { now });
    expect(artifact).toMatchObject({ body: { state: 'done' } });
    // The first attempt began 59.5 s ago, so that a second poll would be too late.
    runner.progress.set('run-1:actions[0]', { startedAt: now.getTime() - 59_500 });
    answers.push({ status: 200, body: { state: 'busy' } });
    await expect(runner.run('integration-http.poll_until', config, { now })).rejects.toMatchObject({ code: 'timeout' });
  },
);

it('has a connection test that calls its base URL', async () => {
  expect(await runner.test()).toContain('answers with status 200');
  const oauth2 = { tokenUrl: `${server.url}/token`, clientId: 'me', clientSecret: 'wrong' };
  const wrong = createActionRunner('http', { baseUrl: server.url, oauth2 });
  await expect(wrong.test()).rejects.toThrow('The token endpoint says: invalid_client');
});

describe('the pagination of a list', () => {
  const pages = (pagination: Record<string, unknown>, more: Record<string, unknown> = {}) =>
    request({ pagination, ...more });
  const paths = () => server.requests.filter(({ path }) => path.startsWith('/api')).map(({ path }) => path);

  it('follows the next link of Link headers', async () => {
    answers.push(
      {
        status: 200,
        headers: { link: `</api/x?p=9>; rel="last", <${server.url}/api/x?p=2>; rel="next"` },
        body: [1, 2],
      },
      { status: 200, headers: { link: '<x?p=3>; title="a"; rel=next' }, body: [3] },
      { status: 200, headers: { link: '</api/x?p=1>; rel="first"' }, body: [] },
    );
    const { artifact } = await pages({ type: 'link' }, { query: { q: 'a' }, outputs: { last: '$[-1]' } });
    expect(artifact).toEqual({ status: 200, body: [1, 2, 3], outputs: { last: 3 } });
    expect(paths()).toEqual(['/api/x?q=a', '/api/x?p=2', '/api/x?p=3']);
  });

  it('supports cursors, URLs, page numbers and offsets', async () => {
    answers.push(
      { status: 200, body: { data: [1], meta: { next: 'c 2' } } },
      { status: 200, body: { data: [2], meta: {} } },
    );
    const cursor = await pages({ type: 'cursor', items: '$.data', next: '$.meta.next' }, { query: { size: 1 } });
    answers.push(
      { status: 200, body: { data: [1], next: '/api/x?at=2' } },
      { status: 200, body: { data: [2], next: null } },
    );
    const url = await pages({ type: 'url', items: '$.data', next: '$.next' });
    answers.push({ status: 200, body: [1, 2] }, { status: 200, body: [3] });
    const page = await pages({ type: 'page', size: 2 });
    answers.push({ status: 200, body: [1, 2] }, { status: 200, body: [3] }, { status: 200, body: [] });
    const offset = await pages({ type: 'offset', parameter: 'skip' });
    expect([cursor, url, page, offset].map(({ artifact }) => artifact?.['body'])).toEqual([
      [1, 2],
      [1, 2],
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(paths()).toEqual([
      ...['/api/x?size=1', '/api/x?size=1&cursor=c%202', '/api/x', '/api/x?at=2'],
      ...['/api/x?page=1', '/api/x?page=2', '/api/x', '/api/x?skip=2', '/api/x?skip=3'],
    ]);
  });

  it('stops after maxPages with a note', async () => {
    for (let page = 1; page <= 3; page += 1) answers.push({ status: 200, body: [page] });
    expect((await pages({ type: 'page', maxPages: 2 })).artifact).toMatchObject({ body: [1, 2] });
    expect(runner.notes).toEqual(['Stopped after 2 pages with 2 items: there are more (pagination.maxPages).']);
  });

  it('fails with the status of a page, so that the whole attempt is repeated', async () => {
    answers.push({ status: 200, body: [1] }, { status: 429, headers: { 'retry-after': '7' }, body: {} });
    await expect(pages({ type: 'page' })).rejects.toMatchObject({ status: 429, retryable: true, retryAfterMs: 7_000 });
  });

  it.each([
    [
      'links to another host',
      { type: 'url', next: '$.next', items: '$.data' },
      { data: [1], next: 'https://evil.example/x' },
      'The next page has an origin other than that of baseUrl',
    ],
    [
      'links to a page that was already read',
      { type: 'url', next: '$.next', items: '$.data' },
      { data: [1], next: '/api/x?p=2' },
      'already read',
    ],
    ['has no list', { type: 'link', items: '$.data' }, { rows: [] }, 'no list at $.data'],
  ])('refuses a list that %s', async (_what, pagination, body, message) => {
    answers.push({ status: 200, body }, { status: 200, body }, { status: 200, body });
    await expect(pages(pagination)).rejects.toMatchObject({
      message: expect.stringContaining(message) as string,
      retryable: false,
    });
  });

  it('refuses methods other than GET', async () => {
    await expect(pages({ type: 'link' }, { method: 'POST' })).rejects.toMatchObject({ code: 'config_invalid' });
  });
});
