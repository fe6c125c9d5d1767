import { Client, Connection } from '@temporalio/client';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import { cancelRun } from '../../src/db/runs/run-states';
import { sandboxProblem } from '../../src/integrations/script/sandbox';
import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';

describe('scripts', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  let problem: string | null;
  beforeAll(async () => {
    problem = await sandboxProblem();
    // Everything except the isolation can be tested without a sandbox. The warning shows that the sandbox was missing.
    if (problem !== null) console.warn(`WITHOUT A SANDBOX: ${problem}`);
    const sandbox = { FERMATA_SCRIPT_SANDBOX: problem === null ? 'bubblewrap' : 'none', CANARY: 'service-environment' };
    engine = await startEngine();
    api = await engine.api(sandbox);
    await engine.worker(sandbox);
  }, 360_000);
  afterAll(() => engine.close());

  const call = async (method: string, path: string, body?: unknown) =>
    (await engine.request(api, method, path, body)).body;
  const save = (type: string, steps: unknown[]) =>
    engine.save(
      JSON.stringify({
        name: type,
        mode: 'parallel',
        triggers: [{ event: 'automation.event', config: { type } }],
        actions: steps,
      }),
    );
  const run = async (type: string, steps: unknown[], data: Record<string, unknown> = {}) => {
    const id = await save(type, steps);
    await engine.emit(type, data);
    const [ended] = await engine.ended(1, id, 60_000);
    return { run: ended, steps: await engine.steps(ended?.id ?? '') };
  };
  const shell = (script: string, more: Record<string, unknown> = {}) => ({
    action: 'integration-script.run_shell',
    config: { script, ...more },
  });
  const node = (script: string, more: Record<string, unknown> = {}) => ({
    action: 'integration-script.run_script',
    config: { script, ...more },
  });

  test('receive the payload, variables and their environment in Bash, and return output and exit code', async () => {
    const { run: ended, steps } = await run(
      'shell',
      [
        { variables: { owner: 'ada' } },
        {
          id: 'say',
          ...shell(
            'echo "$FERMATA_TRIGGER_PAYLOAD_DATA_SYSTEM $FERMATA_VAR_OWNER $OWN {{ not.rendered }}"; echo oops >&2',
            { env: { OWN: 'x' } },
          ),
        },
        {
          variables: {
            out: '{{ artifacts.say.shell_result.stdout | trim }}',
            code: '{{ artifacts.say.shell_result.exitCode }}',
          },
        },
      ],
      { system: 'db; touch /tmp/pwned' },
    );
    expect(ended?.status).toBe('success');
    expect(steps[2]?.result).toEqual({ out: 'db; touch /tmp/pwned ada x {{ not.rendered }}', code: 0 });
    expect(steps[1]?.result).toMatchObject({ stderr: 'oops\n', timedOut: false });
  }, 180_000);

  test('receive the context in TypeScript and return a result', async () => {
    const { run: ended, steps } = await run(
      'typescript',
      [
        {
          id: 'sum',
          ...node(`interface Context { trigger: { payload: { data: { n: number[] } } } }
export default async ({ trigger }: Context) => {
  console.log('adding');
  return { sum: trigger.payload.data.n.reduce((a, b) => a + b, 0) };
};`),
        },
        { variables: { sum: '{{ artifacts.sum.script_result.result.sum }}' } },
      ],
      { n: [1, 2, 3] },
    );
    expect(ended).toMatchObject({ status: 'success' });
    expect(steps[1]?.result).toEqual({ sum: 6 });
    expect(steps[0]?.result).toMatchObject({ exitCode: 0, stdout: 'adding\n', result: { sum: 6 } });
  }, 180_000);

  test('fail with the beginning of an error message of 900 KB, and the execution of the run ends', async () => {
    const { run: ended } = await run('large-error', [
      node("export default () => { throw new Error('start ' + 'x'.repeat(900_000)); }"),
    ]);
    expect(ended?.status).toBe('failed');
    expect((ended?.error as { message: string }).message).toMatch(/^.{0,100}start x{1000,1990}…$/);
    const connection = await Connection.connect({ address: engine.temporal.address });
    const { workflow } = new Client({ connection, namespace: engine.temporal.namespace });
    const handle = workflow.getHandle(ended?.workflow_id ?? '', ended?.execution_run_id ?? '');
    await until('it is closed', async () => (await handle.describe()).status.name === 'FAILED', 30_000);
    await connection.close();
  }, 270_000);

  test('keep their output when they fail, and are not retried', async () => {
    const bad = await run('bad', [shell('echo before; echo "no such thing" >&2; exit 3')]);
    expect(bad.run).toMatchObject({
      status: 'failed',
      error: { code: 'script_failed', message: 'The script ended with exit code 3: no such thing' },
    });
    expect(bad.steps[0]).toMatchObject({ attempts: 1, result: { exitCode: 3, stdout: 'before\n' } });
    const thrown = await run('thrown', [node('export default async () => { throw new RangeError("too far"); };')]);
    expect(thrown.run).toMatchObject({ status: 'failed', error: { message: 'RangeError: too far' } });
    const syntax = await run('syntax', [node('export default async (')]);
    expect(syntax.run).toMatchObject({ status: 'failed', error: { code: 'script_failed' } });
    const packages = await run('packages', [node('export default async () => 1;', { packages: ['left-pad'] })]);
    expect(packages.run).toMatchObject({ status: 'failed', error: { code: 'packages_not_ready' } });
  }, 180_000);

  test('import packages from the allow-list only with the contents that were added to it', async () => {
    const tarball = await archive([
      ['package/package.json', '{"name":"@we/twice","version":"1.0.0","type":"module","exports":"./lib/index.js"}'],
      ['package/lib/index.js', 'export const twice = (n) => 2 * n;'],
    ]);
    const add = (bytes: Buffer, more: Record<string, unknown> = {}) =>
      call('POST', '/script-packages', {
        ...{ name: '@we/twice', version: '1.0.0', tarball: bytes.toString('base64'), sha256: digest(bytes), ...more },
      });
    expect(await add(tarball, { sha256: '0'.repeat(64) })).toMatchObject({ errors: [{ code: 'sha256_mismatch' }] });
    expect(await add(tarball, { version: '2.0.0' })).toMatchObject({
      errors: [{ path: 'version', code: 'other_package' }],
    });
    const manifest: [string, string] = ['package/package.json', '{"name":"@we/twice","version":"1.0.0"}'];
    const bad: [string, string, Partial<Header>?][] = [
      ['/etc/passwd', ''],
      ['package/../../out', ''],
      ['package/link', '', { type: 'symlink', linkname: '/etc/passwd' }],
      ['package/hard', '', { type: 'link', linkname: '/etc/passwd' }],
      ['package/device', '', { type: 'character-device' }],
    ];
    for (const entry of bad) {
      expect(await add(await archive([manifest, entry]))).toMatchObject({ errors: [{ code: 'unsafe_archive' }] });
    }
    expect(await add(Buffer.from('no archive'))).toMatchObject({ errors: [{ code: 'unsafe_archive' }] });
    const added = await add(tarball);
    expect(added).toMatchObject({ name: '@we/twice', version: '1.0.0', bytes: tarball.length });
    expect(await add(tarball)).toMatchObject({ code: 'conflict' });
    expect(await call('GET', '/script-packages')).toMatchObject({ items: [added] });

    const script = `import { twice } from '@we/twice'; export default async () => twice(21);`;
    const used = await run('package', [node(script, { packages: ['@we/twice'] })]);
    expect(used.steps[0]?.result).toMatchObject({ result: 42 });
    expect((await run('exact', [node(script, { packages: ['@we/twice@1.0.0'] })])).run?.status).toBe('success');
    const missing = await run('missing', [node(script, { packages: ['@we/twice@9.9.9'] })]);
    expect(missing.run).toMatchObject({ status: 'failed', error: { code: 'packages_not_ready' } });
    const tried = { kind: 'run_script', script, packages: ['@we/twice'] };
    expect(await call('POST', '/scripts/test', tried)).toMatchObject({ ok: true, result: 42 });
    const twiceNamed = { ...tried, packages: ['@we/twice', '@we/twice@1.0.0'] };
    expect(await call('POST', '/scripts/test', twiceNamed)).toMatchObject({ code: 'validation_failed' });
    await engine.database.pool.query(`update script_packages set tarball = tarball || '\\x00'`);
    const changed = await run('changed', [node(script, { packages: ['@we/twice'] })]);
    expect(changed.run).toMatchObject({ status: 'failed', error: { code: 'packages_not_ready' } });
    await call('DELETE', `/script-packages/${String(added['id'])}`);
    expect(await call('GET', '/script-packages')).toMatchObject({ items: [] });
  }, 270_000);

  test('must not set variables of loaders and shells: the automation is refused', async () => {
    for (const field of ['env', 'secretEnv']) {
      for (const name of ['LD_PRELOAD', 'BASH_ENV', 'GLIBC_TUNABLES', 'PATH', 'NODE_OPTIONS']) {
        const answer = await call('POST', '/automations', {
          ...{ name: 'preload', triggers: [{ event: 'automation.event', config: { type: 'never' } }] },
          actions: [shell('true', { [field]: { [name]: field === 'env' ? '/work/e.so' : '${{ secrets.X }}' } })],
        });
        expect(answer).toMatchObject({ code: 'validation_failed', errors: [{ code: 'invalid_key' }] });
        expect(JSON.stringify(answer['errors'])).toContain(name);
      }
    }
  }, 180_000);

  test('receive numbers and booleans as text, and the properties of their run', async () => {
    const { run: ended, steps } = await run('facts', [
      shell('echo "$COUNT $DRY $FERMATA_TRIGGER_EVENT $FERMATA_AUTOMATION_NAME $FERMATA_RUN_ID"', {
        env: { COUNT: 3, DRY: true },
      }),
    ]);
    expect((steps[0]?.result as { stdout: string }).stdout).toBe(`3 true automation.event facts ${ended?.id ?? ''}\n`);
  }, 180_000);

  test('use packages that only a person with secrets.manage can add and delete', async () => {
    const { token } = await call('POST', '/tokens', { name: 'author', roles: ['operator'] });
    const send = (method: string, path: string) =>
      fetch(`${api.url}/api/v1${path}`, {
        ...{ method, body: method === 'GET' ? null : '{}' },
        headers: { 'content-type': 'application/json', authorization: `Bearer ${String(token)}` },
      });
    expect((await send('POST', '/script-packages')).status).toBe(403);
    expect((await send('DELETE', '/script-packages/0190f3f0-0000-7000-8000-000000000000')).status).toBe(403);
    expect((await send('GET', '/script-packages')).status).toBe(200);
  }, 180_000);

  test('cause a warning at the start of an API without a sandbox', async () => {
    const open = await engine.api({ FERMATA_SCRIPT_SANDBOX: 'none' });
    expect(open.output()).toContain('WITHOUT a sandbox');
  }, 180_000);

  test('are killed when the client that tries them out disconnects', async () => {
    const argument = `300.${Date.now()}`;
    const isRunning = () =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .some((pid) => commandOf(pid).includes(`sleep\0${argument}`));
    const controller = new AbortController();
    const answer = fetch(`${api.url}/api/v1/scripts/test`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: engine.authorization },
      body: JSON.stringify({ kind: 'run_shell', script: `sleep ${argument}`, timeoutMs: 300_000 }),
      signal: controller.signal,
    });
    await until('it runs', () => Promise.resolve(isRunning()), 20_000);
    controller.abort();
    await expect(answer).rejects.toThrow();
    await until('the process has ended', () => Promise.resolve(!isRunning()), 20_000);
  }, 180_000);

  test('are killed with all their processes on a timeout, and when their run is cancelled', async () => {
    const { run: ended, steps } = await run('slow', [shell('echo begun; sleep 300 & sleep 300', { timeout: 1000 })]);
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'timeout' } });
    expect(steps[0]?.result).toMatchObject({ timedOut: true, exitCode: null, stdout: 'begun\n' });
    const limited = await run('limited', [{ ...shell('echo begun; sleep 300'), timeout_seconds: 2 }]);
    expect(limited.run).toMatchObject({ status: 'failed', error: { code: 'timeout' } });
    expect(limited.steps[0]).toMatchObject({ attempts: 1, result: { timedOut: true, stdout: 'begun\n' } });
    const id = await save('cancelled', [shell('touch started; sleep 300', { timeout: 60000 })]);
    await engine.emit('cancelled');
    const running = await until('it runs', async () => {
      const [found] = await engine.runs(id);
      return found?.status === 'running' && found;
    });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await engine.database.db.transaction((tx) => cancelRun(tx, running.id, { kind: 'cancel' }));
    await until(
      'the directory of the script is removed',
      () => !readdirSync(tmpdir()).some((name) => name.startsWith('fermata-script-')),
      20_000,
    );
  }, 180_000);

  test('receive only the secrets that they name, which are masked in their output', async () => {
    await call('PUT', '/secrets/SCRIPT_TOKEN', { value: 'canary-script-token' });
    const { run: ended, steps } = await run('secret', [
      shell('echo "token is $TOKEN"; echo "$TOKEN" | base64; env | grep -c canary', {
        secretEnv: { TOKEN: '${{ secrets.SCRIPT_TOKEN }}' },
      }),
    ]);
    expect(ended?.status).toBe('success');
    expect((steps[0]?.result as { stdout: string }).stdout).toMatch(/^token is \*\*\*\*\n\*\*\*\*.*\n1\n$/);
  }, 180_000);

  test('are isolated from the service: its environment, files, processes and network', async () => {
    const { run: ended, steps } = await run('walls', [
      shell(
        `echo "env:\${CANARY:-none}:\${DATABASE_URL:-none}"
id -u
ls /work >/dev/null && echo inside
cat /etc/shadow 2>/dev/null && echo shadow
ls /root /home /workspace 2>/dev/null
(echo x > /usr/outside) 2>/dev/null && echo wrote
ls /proc | grep -c '^[0-9]'
(exec 3<>/dev/tcp/${new URL(engine.receiver.url).hostname}/${new URL(engine.receiver.url).port}) 2>/dev/null && echo reached
true`,
      ),
    ]);
    expect(ended?.status).toBe('success');
    const { stdout } = steps[0]?.result as { stdout: string };
    expect(stdout).toContain('env:none:none');
    if (problem !== null) return;
    const lines = stdout.trim().split('\n');
    expect(lines.slice(0, 3)).toEqual(['env:none:none', '65534', 'inside']);
    expect(Number(lines[3])).toBeLessThan(10);
    expect(lines).toHaveLength(4);
    const network = await run('network', [shell('true', { network: true })]);
    expect(network.run).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('FERMATA_SCRIPT_NETWORK') as string },
    });
  }, 180_000);

  test('cannot exceed their limits: processes, files, memory, output, directories', async () => {
    if (problem === null) {
      const many = await run('many', [
        shell('for n in $(seq 400); do sleep 20 >/dev/null 2>&1 & done', { timeout: 4000 }),
      ]);
      expect(JSON.stringify(many.steps[0]?.result)).toContain('Resource temporarily unavailable');
    }
    const big = await run('big', [shell('head -c 3000000 /dev/zero | tr "\\0" x')]);
    expect((big.steps[0]?.result as { truncated?: boolean; stdout?: string }).stdout?.length ?? 0).toBeLessThan(
      1_100_000,
    );
    await call('PUT', '/secrets/BORDER', { value: 'canary-across-the-border' });
    const large = await run('large', [
      node(`export default async () => void process.stdout.write('x'.repeat(1048530) + process.env.TOKEN.repeat(9));`, {
        secretEnv: { TOKEN: '${{ secrets.BORDER }}' },
      }),
    ]);
    const { artifacts } = (await call('GET', `/runs/${large.run?.id ?? ''}`)) as { artifacts: { data: unknown }[] };
    const { stdout } = artifacts[0]?.data as { stdout: string };
    expect(stdout.length).toBeLessThanOrEqual(1_048_576);
    expect(stdout.slice(-80)).toMatch(/x\*+\n\[… cut: there were \d+ bytes\]$/);
    const endless = await run('endless', [node(`export default async () => 'x'.repeat(2_000_000);`)]);
    expect(endless.run).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('1 MB') as string },
    });
    const file = await run('file', [shell('head -c 200000000 /dev/zero > file; wc -c < file')]);
    expect((file.steps[0]?.result as { stdout: string }).stdout.trim()).toBe(String(64 * 1_048_576));
    const memory = await run('memory', [
      node('export default async () => { const a = []; for (;;) a.push(new Array(1e6).fill(1)); };', {
        timeout: 20000,
      }),
    ]);
    expect(memory.run?.status).toBe('failed');
    const outside = await run('outside', [shell('true', { workingDirectory: '../..' })]);
    expect(outside.run).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('workingDirectory') as string },
    });
    const inside = await run('inside', [shell('pwd', { workingDirectory: 'a/b' })]);
    expect((inside.steps[0]?.result as { stdout: string }).stdout).toMatch(/a\/b\n$/);
  }, 360_000);

  test('are tried out with placeholders for secrets, and report a failure as a result', async () => {
    const body = {
      kind: 'run_shell',
      script: 'echo "$A $B $FERMATA_VAR_N"',
      context: { var: { n: 1 } },
      secretEnv: { A: '${{ secrets.ONE }}', B: '${{ secrets.TWO }}' },
    };
    expect(await call('POST', '/scripts/test', body)).toMatchObject({
      ok: true,
      exitCode: 0,
      stdout: '__SECRET_ONE__ __SECRET_TWO__ 1\n',
    });
    expect(await call('POST', '/scripts/test', { ...body, secretOverrides: { ONE: 'canary-override' } })).toMatchObject(
      { stdout: '**** __SECRET_TWO__ 1\n' },
    );
    const inside = { ...body, secretEnv: { A: 'Bearer ${{ secrets.ONE }}' } };
    expect(await call('POST', '/scripts/test', inside)).toMatchObject({ stdout: 'Bearer __SECRET_ONE__  1\n' });
    expect(
      await call('POST', '/scripts/test', {
        kind: 'run_script',
        script: 'export default async ({ var: v }) => v.n + 1;',
        context: { var: { n: 1 } },
      }),
    ).toMatchObject({ ok: true, result: 2 });
    expect(await call('POST', '/scripts/test', { kind: 'run_script', script: 'export default (' })).toMatchObject({
      ok: false,
      exitCode: null,
      error: expect.stringContaining('cannot be read') as string,
    });
    expect(await call('POST', '/scripts/test', { kind: 'run_shell', script: 'exit 4' })).toMatchObject({
      ok: false,
      exitCode: 4,
      error: expect.stringContaining('exit code 4') as string,
    });
  }, 180_000);

  it.each([
    ['a bigint', '10n', /^TypeError: .*BigInt/],
    ['a map that contains itself', '((map) => (map.own = map))({})', /^TypeError: Converting circular structure/],
    [
      'a list nested too deeply',
      'Array.from({ length: 1e5 }).reduce((list) => [list], [])',
      /^RangeError: Maximum call/,
    ],
    ['more than 1 MB', '"x".repeat(2e6)', /larger than 1 MB/],
  ])(
    'fail with the reason if the result is %s',
    async (_, result, error) => {
      const script = `export default async () => ${result};`;
      const answer = await call('POST', '/scripts/test', { kind: 'run_script', script });
      expect(answer).toMatchObject({ ok: false, error: expect.stringMatching(error) as string });
    },
    60_000,
  );
});

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function archive(entries: readonly [name: string, content: string, more?: Partial<Header>][]): Promise<Buffer> {
  const packed = pack();
  for (const [name, content, more = {}] of entries) packed.entry({ name, ...more }, content);
  packed.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packed) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}
