import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { createEgress, type Egress, type EgressRequest } from '../../src/edges/egress/egress';
import { startWebhookServer, type WebhookServer } from './webhook-server';

let server: WebhookServer;
let other: WebhookServer;
const opened: Egress[] = [];

const egressFor = (...args: Parameters<typeof createEgress>): Egress => {
  const egress = createEgress(...args);
  opened.push(egress);
  return egress;
};
const request = (more: Partial<EgressRequest> = {}): EgressRequest => ({
  url: `${server.url}/start`,
  method: 'GET',
  headers: {},
  timeoutMs: 5_000,
  signal: new AbortController().signal,
  ...more,
});
const send = (more: Partial<EgressRequest> = {}) => egressFor({ allow: ['127.0.0.1'] }).send(request(more));
const redirect = (location: string, status = 302) =>
  server.answer((_, response) => response.writeHead(status, { location }).end('over there'));

beforeEach(async () => {
  [server, other] = await Promise.all([startWebhookServer(), startWebhookServer()]);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((egress) => egress.close()));
  await Promise.all([server.close(), other.close()]);
});

describe('the egress guard', () => {
  it('returns the status, headers, text and address of a response', async () => {
    server.answer((_, response) => response.writeHead(418, { 'X-Tea': ['green', 'black'] }).end('größe'));
    await expect(send({ url: `${server.url}/a?b=c#fragment` })).resolves.toMatchObject({
      status: 418,
      headers: { 'x-tea': 'green, black' },
      body: 'größe',
      url: expect.stringMatching(`^${server.url}/a\\?b=c`) as string,
    });
    expect(server.requests[0]).toMatchObject({ method: 'GET', path: '/a?b=c' });
  });

  it('refuses loopback addresses that are not allowed', async () => {
    const refused = { code: 'egress_refused', retryable: false };
    const egress = egressFor({ allow: [] });
    for (const host of ['127.0.0.1', 'localhost', '2130706433', '[::ffff:127.0.0.1]']) {
      await expect(egress.send(request({ url: `http://${host}:${server.port}/` }))).rejects.toMatchObject(refused);
    }
    expect(server.requests).toEqual([]);
  });

  it('allows a host by name or by address and port', async () => {
    const byPort = egressFor({ allow: [`127.0.0.1:${server.port}`] });
    await expect(byPort.send(request())).resolves.toMatchObject({ status: 200 });
    await expect(byPort.send(request({ url: other.url }))).rejects.toMatchObject({ code: 'egress_refused' });
    const byName = egressFor({
      allow: ['*.internal'],
      resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    });
    await expect(byName.send(request({ url: `http://chat.internal:${server.port}/` }))).resolves.toMatchObject({
      status: 200,
    });
    expect(server.requests.at(-1)?.headers.host).toBe(`chat.internal:${server.port}`);
  });

  it('connects only to the address that it checked, even if the name resolves differently the next time', async () => {
    const answers = ['203.0.113.9', '127.0.0.1', '127.0.0.1'];
    let lookups = 0;
    const egress = egressFor({
      allow: ['203.0.113.0/24'],
      resolve: () => Promise.resolve([{ address: answers[lookups++] ?? '127.0.0.1', family: 4 }]),
    });
    const url = `http://rebind.example:${server.port}/`;
    await expect(egress.send(request({ url, timeoutMs: 300 }))).rejects.toMatchObject({
      code: expect.stringMatching(/timeout|network_error/) as string,
    });
    await expect(egress.send(request({ url, timeoutMs: 2_000 }))).rejects.toMatchObject({
      code: expect.stringMatching(/egress_refused|timeout/) as string,
    });
    expect(server.requests).toEqual([]);
  });

  it('reports an unknown host and a closed port as network errors', async () => {
    const egress = egressFor({ allow: ['127.0.0.1'] });
    const unreachable = { code: 'network_error', retryable: true };
    await expect(egress.send(request({ url: 'http://nowhere.invalid/' }))).rejects.toMatchObject(unreachable);
    const { port, url } = await startWebhookServer().then(async (closed) => {
      await closed.close();
      return closed;
    });
    await expect(egress.send(request({ url }))).rejects.toMatchObject(unreachable);
    await expect(egress.send(request({ url }))).rejects.toThrow(`127.0.0.1:${port} could not be reached (ECONNREFUSED`);
  });

  it('reuses connections for the next request', async () => {
    const ports = new Set<number | undefined>();
    server.answer((_, response) => {
      ports.add(response.socket?.remotePort);
      response.end('ok');
    });
    const egress = egressFor({ allow: ['127.0.0.1'] });
    for (let count = 0; count < 50; count += 1) await egress.send(request({ method: 'POST', body: '{}' }));
    expect(ports.size).toBeLessThanOrEqual(2);
  });
});

describe('the egress guard at a redirect', () => {
  it('refuses a forbidden target', async () => {
    for (const location of [
      'http://127.0.0.2:1/',
      'http://169.254.169.254/latest/',
      'http://[::1]/',
      'http://user:pw@127.0.0.1/',
      'file:///etc/passwd',
    ]) {
      redirect(location);
      await expect(send()).rejects.toMatchObject({ code: 'egress_refused', retryable: false });
    }
  });

  it('follows at most five redirects', async () => {
    server.answer((incoming, response) => {
      const left = Number(incoming.path.slice(1));
      if (left === 0) response.end('arrived');
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    await expect(send({ url: `${server.url}/5` })).resolves.toMatchObject({ body: 'arrived', url: `${server.url}/0` });
    await expect(send({ url: `${server.url}/6` })).rejects.toMatchObject({
      code: 'http_status',
      status: 302,
      retryable: false,
    });
  });

  it('repeats the method and body after 307, but sends no credentials or secrets to another origin', async () => {
    redirect(`${other.url}/there`, 307);
    await send({
      method: 'PUT',
      body: '{"a":1}',
      headers: { Authorization: 'Bearer t', Cookie: 'c=1', 'X-Secret': 's', 'Content-Type': 'application/json' },
      sensitiveHeaders: ['x-secret'],
    });
    expect(other.requests).toMatchObject([{ method: 'PUT', path: '/there', body: '{"a":1}' }]);
    expect(other.requests[0]?.headers).toMatchObject({ 'content-type': 'application/json' });
    for (const name of ['authorization', 'cookie', 'x-secret'])
      expect(other.requests[0]?.headers).not.toHaveProperty(name);
  });

  it('does not send credentials to the first origin again after a redirect through another origin', async () => {
    server.answer((incoming, response) => {
      if (incoming.path === '/back') response.end('ok');
      else response.writeHead(307, { location: `${other.url}/detour` }).end();
    });
    other.answer((_, response) => response.writeHead(307, { location: `${server.url}/back` }).end());
    await send({ headers: { Authorization: 'Bearer t' } });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer t', undefined]);
  });

  it('sends GET without a body after 303', async () => {
    redirect(`${other.url}/there`, 303);
    await send({ method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } });
    expect(other.requests).toMatchObject([{ method: 'GET', body: '' }]);
    expect(other.requests[0]?.headers).not.toHaveProperty('content-type');
  });

  it('follows a redirect without reading its endless body', async () => {
    server.answer((incoming, response) => {
      if (incoming.path === '/arrived') return void response.end('arrived');
      response.writeHead(302, { location: '/arrived' });
      const more = () => void response.write('x'.repeat(65_536), (error) => error ?? setImmediate(more));
      more();
    });
    await expect(send()).resolves.toMatchObject({ body: 'arrived' });
  });
});

describe('the egress guard with limits', () => {
  const bounded = { timeoutMs: 150 };
  const late = { code: 'timeout', retryable: true };

  it('fails if there is no response in time', async () => {
    server.answer(() => undefined);
    await expect(send(bounded)).rejects.toMatchObject(late);
  });

  it('fails if the response arrives too slowly', async () => {
    server.answer((_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    });
    await expect(send(bounded)).rejects.toMatchObject(late);
  });

  it('applies the timeout to all redirects together', async () => {
    server.answer((_, response) => {
      setTimeout(() => response.writeHead(302, { location: '/again' }).end(), 60);
    });
    await expect(send(bounded)).rejects.toMatchObject(late);
  });

  it('fails if the host name is not resolved in time', async () => {
    const egress = egressFor({ allow: [], resolve: () => new Promise(() => undefined) });
    const started = Date.now();
    await expect(egress.send(request({ url: 'http://slow.example/', ...bounded }))).rejects.toMatchObject(late);
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  it('ends immediately when it is aborted, and closes the connection', async () => {
    const closed = new Promise<void>((resolve) => server.answer((_, response) => response.on('close', resolve)));
    const controller = new AbortController();
    const sent = send({ signal: controller.signal });
    setTimeout(() => controller.abort(new Error('the run was cancelled')), 50);
    await expect(sent).rejects.toThrow('the run was cancelled');
    await closed;
  });

  it('keeps only the beginning of an endless response', async () => {
    server.answer((_, response) => {
      const more = () => void response.write('x'.repeat(65_536), (error) => error ?? setImmediate(more));
      more();
    });
    const { body } = await send({ maxResponseBytes: 100_000 });
    expect(body).toHaveLength(100_000);
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('decompresses %s, and only the beginning of a decompression bomb', async (coding, pack) => {
    const bomb = pack(Buffer.alloc(50_000_000, 'x'));
    server.answer(({ path }, response) => {
      response.writeHead(200, { 'content-encoding': coding }).end(path === '/bomb' ? bomb : pack(Buffer.from('größe')));
    });
    await expect(send()).resolves.toMatchObject({ body: 'größe' });
    const { body } = await send({ url: `${server.url}/bomb`, maxResponseBytes: 100_000 });
    expect(body).toHaveLength(100_000);
  });

  it.each([
    ['gzip', Buffer.from('no gzip at all'), ''],
    ['br', Buffer.from('no brotli at all, but plain text'), ''],
    ['gzip', gzipSync('cut in the middle'.repeat(100)).subarray(0, -12), 'cut in the middle'],
    ['gzip, gzip', gzipSync(gzipSync('twice')), ''],
    ['unheard-of', Buffer.from('text'), ''],
  ])('accepts a response whose %s body cannot be decompressed', async (coding, bytes, start) => {
    server.answer((_, response) => response.writeHead(201, { 'content-encoding': coding }).end(bytes));
    const { status, body } = await send();
    expect(status).toBe(201);
    expect(body.slice(0, start.length)).toBe(start);
  });

  it('treats a connection that breaks during a response as a network error', async () => {
    for (const headers of [{ 'content-length': '100' }, { 'content-length': '100', 'content-encoding': 'gzip' }]) {
      server.answer((_, response) => {
        response.writeHead(200, headers).write(gzipSync('half of it'));
        setTimeout(() => response.destroy(), 20);
      });
      await expect(send()).rejects.toMatchObject({ code: 'network_error', retryable: true });
    }
  });

  it('decodes text with the charset of the response', async () => {
    server.answer(({ path }, response) => {
      response.writeHead(200, { 'content-type': `text/plain; charset=${path.slice(1)}` }).end(Buffer.from([0xe4]));
    });
    await expect(send({ url: `${server.url}/latin1` })).resolves.toMatchObject({ body: 'ä' });
    await expect(send({ url: `${server.url}/unheard-of` })).resolves.toMatchObject({ body: '\ufffd' });
  });

  it('treats a response that is not HTTP as a network error', async () => {
    const garbage = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('SSH-2.0-OpenSSH_9.6\r\n');
    });
    await new Promise<void>((resolve) => garbage.listen(0, '127.0.0.1', resolve));
    const { port } = garbage.address() as AddressInfo;
    await expect(send({ url: `http://127.0.0.1:${port}/` })).rejects.toMatchObject({ code: 'network_error' });
    garbage.close();
  });
});
