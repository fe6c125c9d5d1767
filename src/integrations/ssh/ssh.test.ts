import { chmodSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import ssh2 from 'ssh2';
import { describeWithOpenssh, startOpenssh, type OpensshServer } from '../../../test/support/openssh';
import { createActionRunner } from '../../../test/support/run-action';
import { createEgress } from '../../edges/egress/egress';
import { SshConnection } from './account';

/** Returns an ECDSA key. ssh2 drops a leading zero of the Ed25519 keys that it creates, and then cannot read them. */
const createPrivateKey = () => ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }).private;

describeWithOpenssh('with an OpenSSH server', () => {
  let server: OpensshServer;
  beforeAll(async () => {
    server = await startOpenssh();
  });
  afterAll(() => server.close());

  const runner = (more: Record<string, unknown> = {}, egress?: ReturnType<typeof createEgress>) =>
    createActionRunner('ssh', { ...server.connection, ...more }, egress);
  const run = (config: Record<string, unknown>, options = {}) => runner().run('integration-ssh.run', config, options);

  it('runs a command with its input, and returns both outputs', async () => {
    const { artifact } = await run({ command: 'cat; echo problem >&2; echo $((6 * 7))', stdin: 'given ü\n' });
    expect(artifact).toEqual({ exitCode: 0, stdout: 'given ü\n42\n', stderr: 'problem\n' });
  });

  it('quotes arguments, so that values from outside cannot become commands', async () => {
    const args = ["it's", '$(touch /tmp/never)', '; exit 9', '', 'a b', '*', '--'];
    const { artifact } = await run({ command: "printf '<%s>'", args });
    expect(artifact?.['stdout']).toBe(args.map((text) => `<${text}>`).join(''));
  });

  it.each([
    ['exit 3', 'ended with 3', 3],
    ['echo no such service >&2; exit 1', 'ended with 1: no such service', 1],
    ['kill -9 $$', 'was ended by SIGKILL', null],
  ])('fails without a retry: %s', async (command, message, exitCode) => {
    const failure: unknown = await run({ command }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'provider_failed', retryable: false, output: { exitCode } });
    expect(String((failure as Error).message)).toBe(`The command on 127.0.0.1 ${message}`);
  });

  it('ends a command at its timeout, with all processes that it started', async () => {
    const mark = join(server.directory, 'still-alive');
    const failure: unknown = await run({
      command: `echo begun; trap '' TERM; (sleep 4; touch ${mark}) & sleep 60`,
      timeout_seconds: 1,
    }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'timeout', retryable: false, output: { exitCode: null, stdout: 'begun\n' } });
    await pause(2_500);
    expect(existsSync(mark)).toBe(false);
  });

  it('does not run a command again that the time limit of its step ended', async () => {
    const running = run({ command: 'echo begun; sleep 60' }, { signal: AbortSignal.timeout(2_000) });
    const failure: unknown = await running.catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'timeout', retryable: false, output: { exitCode: null, stdout: 'begun\n' } });
  });

  it('ends a command when the run is cancelled', async () => {
    const [begun, ended] = [join(server.directory, 'begun'), join(server.directory, 'ended')];
    const controller = new AbortController();
    const command = `trap 'touch ${ended}; exit' TERM; touch ${begun}; sleep 20 & wait`;
    const running = run({ command }, { signal: controller.signal });
    running.catch(() => undefined);
    while (!existsSync(begun)) await pause(20);
    controller.abort(new Error('Cancelled'));
    await expect(running).rejects.toThrow('Cancelled');
    expect(existsSync(ended)).toBe(true);
  });

  it('cuts long outputs but reads the rest, and masks a secret across the cut', async () => {
    const secret = String(server.connection['privateKey']).trim();
    const { artifact } = await run({
      command: `head -c 1048500 /dev/zero | tr '\\0' x; cat; head -c 3000000 /dev/zero`,
      stdin: secret,
    });
    const stdout = String(artifact?.['stdout']);
    expect(stdout.length).toBeLessThanOrEqual(1_048_576);
    expect(stdout).toMatch(/cut: there were \d+ bytes\]$/);
    expect(stdout).not.toContain('PRIVATE KEY');
  });

  it('does not wait for processes that a command leaves running', async () => {
    const { artifact } = await run({ command: 'sleep 12 & echo done' });
    expect(artifact).toMatchObject({ exitCode: 0, stdout: 'done\n' });
  });

  it('reads the exit code of a command that closes its output first', async () => {
    await expect(run({ command: 'exec >&- 2>&-; sleep 1; exit 7' })).rejects.toMatchObject({ output: { exitCode: 7 } });
  });

  it('writes a file atomically, follows links, and keeps its mode', async () => {
    const path = join(server.directory, 'app.conf');
    const upload = (config: Record<string, unknown>) => runner().run('integration-ssh.upload', config);
    expect((await upload({ path, content: 'one ü' })).output).toEqual({ path, bytes: 6 });
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['one ü', 0o644]);
    chmodSync(path, 0o640);
    const link = join(server.directory, 'link.conf');
    symlinkSync(path, link);
    await upload({ path: link, content: 'two' });
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['two', 0o640]);
    await upload({ path, content: '', mode: '600' });
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['', 0o600]);
    writeFileSync(join(server.directory, 'file'), '');
    for (const wrong of [join(server.directory, 'gone', 'x'), join(server.directory, 'file', 'x')]) {
      await expect(upload({ path: wrong, content: 'x' })).rejects.toMatchObject({ retryable: false });
    }
    expect(readdirSync(server.directory).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('has a connection test, with a key, a locked key, an RSA host key and a fingerprint', async () => {
    const connected = `Connected to 127.0.0.1 as ${server.user}.`;
    expect(await runner().test()).toBe(connected);
    expect(await runner({ privateKey: server.lockedKey, passphrase: server.passphrase }).test()).toBe(connected);
    expect(await runner({ knownHosts: `127.0.0.1 ${server.hostKeys.rsa}` }).test()).toBe(connected);
    const { password } = server;
    if (password !== null) expect(await runner({ privateKey: undefined, password }).test()).toBe(connected);
    expect(await runner({ hosts: ['localhost'] }).options('host')).toHaveLength(2);
  });

  it.each([
    [
      'an unknown host',
      (s: OpensshServer) => `db.example ${s.hostKeys.ed25519}`,
      /is not in knownHosts. It presented ssh-\S+ SHA256:/,
    ],
    ['a key of another host', () => `127.0.0.1 SHA256:${'A'.repeat(43)}`, /does not have for it: .*Either/],
    [
      'a revoked key',
      (s: OpensshServer) => `127.0.0.1 ${s.hostKeys.ed25519}\n@revoked * ${s.hostKeys.ed25519}`,
      /revokes/,
    ],
  ])('refuses %s', async (_what, knownHosts, message) => {
    const failure: unknown = await runner({ knownHosts: knownHosts(server) })
      .run('integration-ssh.run', { command: 'true' })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'provider_failed', retryable: false });
    expect((failure as Error).message).toMatch(message);
  });

  it('fails without a retry for refused credentials, and for hosts that the connection does not list', async () => {
    const stranger = createPrivateKey();
    for (const more of [{ privateKey: stranger }, { privateKey: undefined, password: 'canary-wrong' }]) {
      const refused: unknown = await runner(more)
        .test()
        .catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'provider_failed', retryable: false });
      expect((refused as Error).message).toBe(`127.0.0.1 refused the credentials of ${server.user}.`);
    }
    await expect(run({ command: 'true', host: 'db.example' })).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('uses the egress guard', async () => {
    const closed = createEgress({ allow: [] });
    await expect(runner({}, closed).test()).rejects.toMatchObject({ code: 'egress_refused', retryable: false });
    await expect(runner({ port: 1, knownHosts: `127.0.0.1 ${server.hostKeys.ed25519}` }).test()).rejects.toMatchObject({
      ...{ code: 'network_error', retryable: true },
    });
  });

  it('is retried if the connection is lost', async () => {
    const lost: unknown = await run({ command: 'kill -9 $(ps -o ppid= -p $PPID) $PPID' }).catch(
      (error: unknown) => error,
    );
    expect(lost).toMatchObject({ code: 'network_error', retryable: true });
  });

  it.each([
    ['no key and no password', { privateKey: undefined }, 'or password is required'],
    ['a key that cannot be read', { privateKey: 'canary' }, 'cannot be read'],
    ['a locked key without its passphrase', (s: OpensshServer) => ({ privateKey: s.lockedKey }), 'cannot be read'],
    ['known hosts that cannot be read', { knownHosts: 'x' }, 'line 1 is not'],
    ['no known hosts', { knownHosts: undefined }, 'is missing'],
  ])('is not saved with %s', (_what, more, message) => {
    const given = { ...server.connection, ...(typeof more === 'function' ? more(server) : more) };
    const { error } = SshConnection.safeParse(given);
    expect(error?.message).toContain(message);
    expect(error?.message).not.toContain('canary');
    expect(SshConnection.safeParse({ ...server.connection, privateKey: '${{ secrets.KEY }}' }).success).toBe(true);
  });
});

/** Servers with PAM ask for the password in a prompt: https://www.rfc-editor.org/rfc/rfc4256 */
it('answers the prompt for a password', async () => {
  const hostKey = createPrivateKey();
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
      context.prompt([{ prompt: 'Password: ', echo: false }], 'PAM', '', (answers) => {
        if (answers[0] === 'canary-password') context.accept();
        else context.reject();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const key = ssh2.utils.parseKey(hostKey);
  const parsed = Array.isArray(key) ? key[0] : key;
  if (parsed === undefined || parsed instanceof Error) throw new Error('The key cannot be read.');
  const knownHosts = `127.0.0.1 ${parsed.type} ${parsed.getPublicSSH().toString('base64')}`;
  const { port } = server.address() as { port: number };
  const account = { host: '127.0.0.1', port, user: 'ada', knownHosts };
  expect(await createActionRunner('ssh', { ...account, password: 'canary-password' }).test()).toContain('as ada');
  await expect(createActionRunner('ssh', { ...account, password: 'wrong' }).test()).rejects.toMatchObject({
    retryable: false,
  });
  server.close();
});
