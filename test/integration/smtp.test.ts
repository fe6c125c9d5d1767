import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { createEgress } from '../../src/edges/egress/egress';
import { createSmtpConnectionType } from '../../src/integrations/smtp/connection';

const PASSWORD = 'canary-mail-password';

describe('mail', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-smtp-'));
  const egress = createEgress({ allow: ['127.0.0.1'] });
  const type = createSmtpConnectionType(egress);
  const servers: SMTPServer[] = [];
  let seen: { user?: string; password?: string; secure: boolean; from?: string }[] = [];
  let ca: string;
  let key: string;
  let cert: string;

  beforeAll(() => {
    const openssl = (args: string) => execFileSync('openssl', args.split(' '), { cwd: directory, stdio: 'pipe' });
    openssl('req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=Internal');
    openssl('req -newkey rsa:2048 -nodes -keyout key.pem -out csr.pem -subj /CN=localhost');
    writeFileSync(join(directory, 'san'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
    openssl('x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out cert.pem');
    [ca, key, cert] = ['ca.pem', 'key.pem', 'cert.pem'].map((name) => readFileSync(join(directory, name), 'utf8')) as [
      ...[string, string, string],
    ];
  }, 180_000);
  beforeEach(() => (seen = []));
  afterAll(async () => {
    rmSync(directory, { recursive: true });
    await Promise.all([egress.close(), ...servers.map((server) => new Promise<void>((done) => server.close(done)))]);
  });

  const listen = async (options: SMTPServerOptions) => {
    const server = new SMTPServer({
      allowInsecureAuth: true,
      onAuth({ username, password }, { secure }, callback) {
        seen.push({ user: username ?? '', password: password ?? '', secure });
        callback(null, { user: 'bot' });
      },
      onMailFrom({ address }, { secure }, callback) {
        seen.push({ from: address, secure });
        callback();
      },
      onData(stream, _session, callback) {
        stream.resume().once('end', () => callback());
      },
      ...options,
    });
    server.on('error', () => undefined);
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return (server.server.address() as AddressInfo).port;
  };
  const call = () => ({ signal: AbortSignal.timeout(10_000), timeoutMs: 10_000, now: new Date() });
  const send = (config: Record<string, unknown>) => {
    const message = { title: 't', body: 'b', importance: 'info' as const };
    const parsed = type.configSchema.parse({ host: 'localhost', ...config }) as Parameters<typeof type.test>[0];
    return type.notify?.send(parsed, message, 'ops@example.org', {
      ...call(),
      idempotencyKey: 'k',
      attempt: 1,
      sentBefore: false,
      note: () => undefined,
      memory: { recall: () => Promise.resolve(null), remember: () => Promise.resolve() },
    });
  };
  const account = { user: 'bot@example.org', password: PASSWORD };

  test('is sent without STARTTLS, as is the password, only if the connection has tls: none', async () => {
    const port = await listen({ disabledCommands: ['STARTTLS'] });
    await expect(send({ port, ...account })).rejects.toMatchObject({
      ...{ code: 'provider_failed', retryable: false, message: expect.stringContaining('tls: none') as string },
    });
    expect(seen).toEqual([]);
    await send({ port, ...account, tls: 'none' });
    expect(seen).toEqual([
      { user: 'bot@example.org', password: PASSWORD, secure: false },
      { from: 'bot@example.org', secure: false },
    ]);
  });

  test.each(['localhost', '127.0.0.1'])(
    'is sent to %s over TLS with STARTTLS only if the certificate is trusted',
    async (host) => {
      const port = await listen({ key, cert });
      await expect(send({ host, port, ...account })).rejects.toMatchObject({ code: 'network_error' });
      expect(seen).toEqual([]);
      await send({ host, port, ...account, ca });
      expect(seen).toMatchObject([{ password: PASSWORD, secure: true }, { secure: true }]);
    },
  );

  test('is not sent if the certificate is for another name', async () => {
    const other = await listen({ key, cert });
    const parsed = { host: 'localhost', port: other, ...account, tls: 'required' as const, ca };
    const elsewhere = createEgress({
      allow: ['127.0.0.1'],
      resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    });
    await expect(
      createSmtpConnectionType(elsewhere).test({ ...parsed, host: 'mail.example.com' }, call()),
    ).rejects.toMatchObject({ code: 'network_error' });
    await elsewhere.close();
    expect(seen).toEqual([]);
  });

  test('is sent to a relay without a login, from the configured sender', async () => {
    const port = await listen({ key, cert, authOptional: true });
    await send({ port, ca, from: 'Fermata <ops@example.org>' });
    await send({ port, ca });
    await send({ port, ca, user: 'apikey', password: PASSWORD, from: 'alerts@example.org' });
    expect(seen).toEqual([
      { from: 'ops@example.org', secure: true },
      { from: 'fermata@localhost', secure: true },
      { user: 'apikey', password: PASSWORD, secure: true },
      { from: 'alerts@example.org', secure: true },
    ]);
  });

  test.each([
    [{ user: 'a@example.org' }, 'password'],
    [{ password: 'p' }, 'user'],
    [{ from: 'nobody' }, 'from'],
    [{ from: 'a@example.org\r\nBcc: x@example.org' }, 'from'],
    [{ tls: 'off' }, 'tls'],
    [{ ca: 'no certificate' }, 'ca'],
  ])('is refused with the configuration %j', (config, field) => {
    const parsed = type.configSchema.safeParse({ host: 'localhost', port: 25, ...config });
    expect(parsed.error?.issues.map(({ path }) => path[0])).toEqual([field]);
  });
});
