import { createActionRunner } from '../../../test/support/run-action';
import { startVendorServer, type VendorAnswer } from '../../../test/support/vendor-server';

let answers: VendorAnswer[];
let tokens: number;
let server: Awaited<ReturnType<typeof startVendorServer>>;
let runner: ReturnType<typeof createActionRunner>;
beforeEach(async () => {
  [answers, tokens] = [[], 0];
  server = await startVendorServer(({ path, headers, body }) => {
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

it('sends a request with a token, and reads values from the answer', async () => {
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

it('takes a new token when the old one is refused', async () => {
  await request();
  tokens += 1;
  expect((await request()).artifact).toMatchObject({ status: 200 });
  expect(tokens).toBe(3);
});

it('fails by status, unless it is expected', async () => {
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

it('polls until an expression holds, and fails when it does not in time', async () => {
  answers.push({ status: 200, body: { state: 'busy' } });
  const poll = (config: Record<string, unknown>) =>
    runner.run('integration-http.poll_until', { path: '/job', every_seconds: 1, ...config });
  expect((await poll({ until: 'response.body.state == "done"' })).artifact).toMatchObject({ body: { state: 'done' } });
  expect(server.requests.filter(({ path }) => path === '/api/job')).toHaveLength(2);
  runner.progress.clear();
  await expect(poll({ until: 'response.status == 500', timeout_seconds: 1 })).rejects.toMatchObject({
    code: 'timeout',
  });
  await expect(poll({ until: 'response.(' })).rejects.toMatchObject({ code: 'config_invalid' });
});

it('is tested by its base address', async () => {
  expect(await runner.test()).toContain('answers with status 200');
  const oauth2 = { tokenUrl: `${server.url}/token`, clientId: 'me', clientSecret: 'wrong' };
  const wrong = createActionRunner('http', { baseUrl: server.url, oauth2 });
  await expect(wrong.test()).rejects.toThrow('The token endpoint says: invalid_client');
});
