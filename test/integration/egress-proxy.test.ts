import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { createEgress } from '../../src/edges/egress/egress';
import { readProxySettings } from '../../src/edges/egress/proxy-settings';
import { startReceiver, type Receiver } from '../support/receiver';

/**
 * Starts a forward proxy that records request lines and credentials. It answers absolute requests itself, and connects
 * every CONNECT tunnel to the local port `to`.
 */
async function startProxy(to: () => number, connectStatus = 200) {
  const seen: { line: string; authorization: string | undefined }[] = [];
  const server: Server = createServer((request, response) => {
    seen.push({ line: `${request.method} ${request.url}`, authorization: request.headers['proxy-authorization'] });
    response.end('from the proxy');
  });
  server.on('connect', (request, client) => {
    seen.push({ line: `CONNECT ${request.url}`, authorization: request.headers['proxy-authorization'] });
    if (connectStatus !== 200) return void client.end(`HTTP/1.1 ${connectStatus} no\r\n\r\n`);
    const upstream = connect(to(), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    seen,
    url: `http://user:pa%20ss@127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

const unknown = () => Promise.reject(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }));

describe('egress through a proxy', () => {
  let receiver: Receiver;
  let proxy: Awaited<ReturnType<typeof startProxy>>;
  beforeEach(async () => {
    receiver = await startReceiver();
    proxy = await startProxy(() => Number(new URL(receiver.url).port));
  });
  afterEach(async () => {
    await receiver.close();
    await proxy.close();
  });
  const egress = (
    resolve: Parameters<typeof createEgress>[0]['resolve'] = unknown,
    allow: string[] = [],
    noProxy = '',
  ) =>
    createEgress({
      ...{
        allow,
        proxy: readProxySettings('env', { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: noProxy }),
      },
      resolve,
    });
  const get = (url: string, through = egress()) =>
    through
      .send({ url, method: 'GET', headers: { 'X-Own': '1' }, timeoutMs: 5_000, signal: new AbortController().signal })
      .finally(() => through.close());
  const authorization = `Basic ${Buffer.from('user:pa ss').toString('base64')}`;

  it('sends HTTP requests with the whole URL and the credentials of the proxy', async () => {
    expect((await get('http://hooks.example.com/x?y=1')).body).toBe('from the proxy');
    expect(proxy.seen).toEqual([{ line: 'GET http://hooks.example.com/x?y=1', authorization }]);
  });

  it("uses a tunnel for HTTPS, and checks the certificate of the host instead of the proxy's", async () => {
    await expect(get('https://hooks.example.com/x')).rejects.toMatchObject({ code: 'network_error', retryable: true });
    expect(proxy.seen).toEqual([{ line: 'CONNECT hooks.example.com:443', authorization }]);
    // The receiver does not support TLS, so it has not seen a request.
    expect(receiver.received).toEqual([]);
  });

  it.each([
    [502, 'network_error', true],
    [403, 'egress_refused', false],
    [407, 'egress_refused', false],
  ])('reports that the proxy responded with %s', async (status, code, retryable) => {
    await proxy.close();
    proxy = await startProxy(() => 1, status);
    await expect(get('https://hooks.example.com/x')).rejects.toMatchObject({
      ...{ code, retryable, message: expect.stringContaining(String(status)) as string },
    });
  });

  it.each([
    ['http://169.254.169.254/latest', unknown],
    ['http://metadata.google.internal/', unknown],
    ['https://localhost/', unknown],
    ['https://localhost./', unknown],
    ['http://postgres/', unknown],
    ['http://db.internal/', unknown],
    ['http://temporal.default.svc:7233/', unknown],
    ['http://printer.local./', unknown],
    ['http://inside.example/', () => Promise.resolve([{ address: '10.0.0.1', family: 4 }])],
    [
      'https://half.example/',
      () =>
        Promise.resolve([
          { address: '93.184.215.14', family: 4 },
          { address: '127.0.0.1', family: 4 },
        ]),
    ],
  ])('refuses %s without a request to the proxy', async (url, resolve) => {
    const refusal = get(url, egress(resolve));
    await expect(refusal).rejects.toMatchObject({ code: 'egress_refused' });
    // The error must not reveal the address of an internal name.
    await expect(refusal).rejects.not.toThrow(/10\.0\.0\.1|127\.0\.0\.1|loopback|private/);
    expect(proxy.seen).toEqual([]);
  });

  it('connects directly to allowed addresses and to hosts in NO_PROXY', async () => {
    const { port } = new URL(receiver.url);
    const local = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    await get(`http://127.0.0.1:${port}/ip`, egress(undefined, ['127.0.0.1']));
    await get(`http://named.example:${port}/name`, egress(local, ['named.example']));
    await get(`http://ranged.example:${port}/range`, egress(local, ['127.0.0.0/8']));
    await get(`http://skipped.example:${port}/skip`, egress(local, ['127.0.0.0/8'], 'skipped.example'));
    expect(receiver.received.map(({ path }) => path)).toEqual(['/ip', '/name', '/range', '/skip']);
    expect(proxy.seen).toEqual([]);
  });
});
