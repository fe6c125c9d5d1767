import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_MASK } from '../../src/domain/secrets/mask-values';
import { runSandboxed, sandboxProblem } from '../../src/integrations/script/sandbox';
import { isRunning, processesWith } from '../support/script-processes';
import { createScripts, type Scripts } from '../support/scripts';
import { until } from '../support/until';

describe('the sandbox', () => {
  let scripts: Scripts;
  let open: string;
  beforeAll(async () => {
    expect(await sandboxProblem()).toBeNull();
    scripts = createScripts();
    // All users may write to this directory, as to /tmp.
    open = mkdtempSync(join(tmpdir(), 'open-'));
    chmodSync(open, 0o777);
  });
  afterAll(async () => {
    rmSync(open, { recursive: true });
    await scripts.close();
  });

  /**
   * Runs a script without the check of variable names, to test the effect of a loader variable that is missing from
   * the list of refused names.
   */
  const unchecked = (script: string, env: Record<string, string>) =>
    runSandboxed(
      { sandbox: 'bubblewrap', network: false },
      {
        ...{ workingDirectory: '', folders: {}, mounts: [], env, stdin: '', timeoutMs: 20_000, mask: NO_MASK },
        files: { 'script.sh': script },
        command: (root) => ['/bin/bash', `${root}/script.sh`],
        signal: AbortSignal.timeout(30_000),
      },
    );

  test('refuses variables of loaders, shells and runtimes when it runs a script', async () => {
    for (const name of ['LD_PRELOAD', 'BASH_ENV', 'PATH', 'NODE_OPTIONS', 'GCONV_PATH'])
      await expect(scripts.shell('true', { env: { [name]: '/work/x' } })).rejects.toMatchObject({
        code: 'config_invalid',
        message: expect.stringContaining(name) as string,
      });
  });

  test('keeps variables out of the environment and arguments of every process outside the sandbox', async () => {
    const mark = randomUUID();
    const running = scripts.shell('sleep 6; echo "$MARK"', { env: { MARK: mark } });
    const seen = await until('the script runs', () => {
      const found = processesWith(mark);
      return Promise.resolve(found.inside.length > 0 && found);
    });
    expect(seen.outside).toEqual([]);
    expect((await running).stdout).toBe(`${mark}\n`);
  });

  test('applies loader variables only inside the sandbox, even if their names are not refused', async () => {
    const log = join(open, 'loader');
    const library = join(open, 'evil.so');
    const proof = join(open, 'proof');
    writeFileSync(
      join(open, 'evil.c'),
      `#include <fcntl.h>
__attribute__((constructor)) void run(void) { open("${proof}", O_CREAT | O_WRONLY, 0666); }`,
    );
    let hasCompiler = true;
    try {
      execFileSync('cc', ['-shared', '-fPIC', '-o', library, join(open, 'evil.c')]);
    } catch {
      hasCompiler = false;
    }
    const { stdout } = await unchecked('echo "$LD_PRELOAD"', {
      ...{ LD_DEBUG: 'libs', LD_DEBUG_OUTPUT: log, LD_PRELOAD: library, PATH: open },
    });
    // The variable is set inside the sandbox.
    expect(stdout).toContain(`${library}\n`);
    expect(readdirSync(open).sort()).toEqual(hasCompiler ? ['evil.c', 'evil.so'] : ['evil.c']);
    if (!hasCompiler) return;
    // Outside the sandbox, the library is loaded and works.
    execFileSync('/bin/true', { env: { LD_PRELOAD: library } });
    expect(existsSync(proof)).toBe(true);
  });

  test('hides the files of each script from other scripts and from the host', async () => {
    const name = `private-${randomUUID()}`;
    const first = scripts.shell(`echo x > /work/${name}; echo x > /tmp/${name}; sleep 8.${Date.now()}`);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const second = await scripts.shell(
      `find / -name '${name}' 2>/dev/null; ls /proc/*/cwd/ 2>/dev/null | grep '${name}'; true`,
    );
    expect(second.stdout).toBe('');
    expect(readdirSync(tmpdir()).filter((entry) => entry.includes('fermata-script-'))).toEqual([]);
    expect((await first).exitCode).toBe(0);
  }, 90_000);

  test('contains system files and Node, but no keys and no local files', async () => {
    const { stdout } = await scripts.shell(`ls /etc /etc/ssl /usr/local
for f in /etc/shadow /etc/passwd /etc/ssl/private /root /home /opt /var /srv ${process.cwd()}; do [ -e $f ] && echo "SEEN $f"; done; true`);
    expect(stdout).not.toContain('SEEN');
    expect(stdout).not.toMatch(/private|passwd|lib\b/);
    const { result } = await scripts.node(`import { readdirSync, existsSync } from 'node:fs';
export default async () => [existsSync(process.execPath), readdirSync('/usr/local')];`);
    expect(result).toEqual([true, ['bin']]);
  }, 90_000);

  test('refuses new namespaces, mounts, tracing and unusual sockets', async () => {
    const { stdout } = await scripts.shell(`unshare -U true 2>&1 | head -1
unshare -n true 2>&1 | head -1
mount -t tmpfs none /tmp 2>&1 | head -1
cat /proc/self/status | grep -E '^(Seccomp|NoNewPrivs|CapEff):'`);
    expect(stdout.match(/Operation not permitted|permission denied|must be superuser/gi)?.length).toBe(3);
    expect(stdout).toMatch(/NoNewPrivs:\t1/);
    expect(stdout).toMatch(/Seccomp:\t2/);
    expect(stdout).toMatch(/CapEff:\t0000000000000000/);
  }, 90_000);

  test('limits disk space, and allows writing only to /work, /tmp and /dev/shm', async () => {
    const { stdout, stderr } = await scripts.shell(`for n in 1 2 3 4 5 6; do head -c 60000000 /dev/zero > /work/$n; done
head -c 60000000 /dev/zero > /tmp/1; head -c 60000000 /dev/zero > /tmp/2; head -c 60000000 /dev/zero > /dev/shm/1
head -c 60000000 /dev/zero > /dev/shm/2; touch /x /dev/x /etc/x /usr/x; du -sm /work /tmp /dev/shm`);
    const [work, tmp, shm] = stdout
      .trim()
      .split('\n')
      .map((line) => Number(line.split('\t')[0]));
    expect(work).toBeLessThanOrEqual(256);
    expect(tmp).toBeLessThanOrEqual(64);
    expect(shm).toBeLessThanOrEqual(64);
    expect(stderr.match(/No space left/g)?.length).toBeGreaterThanOrEqual(3);
    expect(stderr.match(/Read-only file system|Permission denied/g)).toHaveLength(4);
  }, 180_000);

  test('limits the total memory of all processes of a script', async () => {
    const ended = await scripts.shell(
      'for n in 1 2 3 4 5 6; do (x=$(head -c 300000000 /dev/zero | tr "\\0" x); sleep 20) & done; wait',
    );
    expect(ended.error).toBe('The script used more than 1024 MB of memory and was killed.');
  }, 180_000);

  test('limits the number of files that a script creates, including empty ones', async () => {
    const ended = await scripts.shell(`perl -e 'for (0..400000) { open(my $f, ">", "/work/f$_") or die; }'`);
    expect(ended.error).toBe('The script used more than 100000 files and was killed.');
  }, 180_000);

  test("limits the total number of open files of a script's processes, including pipes", async () => {
    const ended = await scripts.shell(
      `for n in 1 2 3 4 5 6; do perl -e 'for (1..400) { pipe($a[$_], $b[$_]) or die } sleep 20' & done; wait`,
    );
    expect(ended.error).toBe('The script used more than 2048 open files and was killed.');
  }, 180_000);

  test('passes no open file descriptor of the service to a script', async () => {
    const leaked = join(open, 'leaked');
    writeFileSync(leaked, 'of the service');
    const program = `require('esbuild-register/dist/node').register();
const { createScripts } = require('./test/support/scripts');
const scripts = createScripts();
const script = 'ls /proc/$$/fd; cat <&9 2>&1';
scripts.shell(script).then(async (ended) => { console.log(JSON.stringify(ended)); await scripts.close(); process.exit(); });`;
    const printed = execFileSync(
      '/bin/bash',
      ['-c', `exec 9<"$0"; exec "$1" -e "$2"`, leaked, process.execPath, program],
      {
        encoding: 'utf8',
      },
    );
    const { stdout } = JSON.parse(printed) as { stdout: string };
    expect(stdout).not.toContain('of the service');
    expect(stdout).toMatch(/^0\n1\n2\n(255\n)?3\n/);
  }, 180_000);

  test.each(['async () =>', 'async (x: number) =>'])(
    'reports 6,000 nested parentheses as a failure: %s',
    async (head) => {
      const source = `export default ${head} ${'('.repeat(6_000)}1${')'.repeat(6_000)};`;
      const ended = await scripts.node(source);
      expect(ended).toMatchObject({ exitCode: null, error: 'The script cannot be read: it is nested too deeply.' });
    },
    30_000,
  );

  test('compiles TypeScript, including enums and namespaces', async () => {
    const { result } = await scripts.node(`enum Level { Low, High }
namespace Names { export const high = 'high'; }
export default async ({ trigger }: { trigger: unknown }): Promise<unknown> => [Level.High, Names.high, trigger satisfies unknown];`);
    expect(result).toEqual([1, 'high', null]);
    const { error } = await scripts.node('export default async (x: number');
    expect(error).toMatch(/^The script cannot be read: .*1 \| export default async/s);
  }, 90_000);

  test('runs WebAssembly', async () => {
    const { result } = await scripts.node(`export default async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 100 });
  const { instance } = await WebAssembly.instantiate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  return [memory.buffer.byteLength, instance instanceof WebAssembly.Instance];
};`);
    expect(result).toEqual([65_536, true]);
  }, 90_000);

  test("reports the script's error message, whether it is thrown on import, in the function or in a timer", async () => {
    const cases = [
      ['export default async () => { throw new RangeError("too far"); };', 'RangeError: too far'],
      ['throw new Error("at once");', 'Error: at once'],
      [
        'export default async () => { setTimeout(() => { throw new TypeError("later"); }); await new Promise((r) => setTimeout(r, 5000)); };',
        'TypeError: later',
      ],
      ['export default async () => { throw new Error("a", { cause: new Error("b") }); };', 'Error: a (b)'],
    ];
    for (const [script = '', error] of cases) expect(await scripts.node(script)).toMatchObject({ error });
  }, 180_000);
});

describe('the network of a script', () => {
  let servers: Server[];
  let allowed: string;
  let other: number;
  let scripts: Scripts;
  let hits: string[];
  beforeAll(async () => {
    hits = [];
    servers = await Promise.all(
      ['allowed', 'other'].map(
        (name) =>
          new Promise<Server>((resolve) => {
            const server: Server = createServer((request, response) => {
              hits.push(name);
              response.end(`${name} ${request.method ?? ''} ${request.url ?? ''}`);
            });
            server.listen(0, '127.0.0.1', () => resolve(server));
          }),
      ),
    );
    const [first = 0, second = 0] = servers.map((server) => (server.address() as AddressInfo).port);
    allowed = `http://127.0.0.1:${first}`;
    other = second;
    scripts = createScripts({ network: true }, { allow: [`127.0.0.1:${first}`] });
  });
  afterAll(async () => {
    servers.forEach((server) => server.close());
    await scripts.close();
  });

  test('is refused if the policy does not allow it', async () => {
    const closed = createScripts();
    await expect(closed.shell('true', { network: true })).rejects.toMatchObject({ code: 'config_invalid' });
    await closed.close();
  });

  test('reaches hosts that the egress guard allows, with fetch and through the proxy', async () => {
    // By default, NO_PROXY contains the loopback addresses, which inside the sandbox are its own.
    const script = `export default async () => (await fetch('${allowed}/a?b')).text();`;
    expect(await scripts.node(script, { network: true, env: { NO_PROXY: '' } })).toMatchObject({
      result: 'allowed GET /a?b',
    });
    const viaProxy = `exec 3<>/dev/tcp/127.0.0.1/3128
printf 'GET ${allowed}/plain HTTP/1.1\\r\\nHost: ignored\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3`;
    expect((await scripts.shell(viaProxy, { network: true })).stdout).toContain('allowed GET /plain');
  }, 180_000);

  test('does not reach the host, metadata services or private addresses', async () => {
    hits = [];
    const targets = [
      `127.0.0.1:${other}`,
      ...[
        '169.254.169.254:80',
        '10.0.0.1:5432',
        'localhost:7233',
        '[::1]:5432',
        '[::ffff:127.0.0.1]:5432',
        '2130706433:80',
      ],
    ];
    for (const target of targets) {
      const connectRequest = `exec 3<>/dev/tcp/127.0.0.1/3128
printf 'CONNECT ${target} HTTP/1.1\\r\\nHost: ${target}\\r\\n\\r\\n' >&3; head -1 <&3`;
      expect((await scripts.shell(connectRequest, { network: true })).stdout).toMatch(/^HTTP\/1.1 (403|502)/);
    }
    const direct = `(exec 3<>/dev/tcp/127.0.0.1/${other}) 2>/dev/null && echo reached; (exec 3<>/dev/tcp/169.254.169.254/80) 2>/dev/null && echo reached; true`;
    expect((await scripts.shell(direct, { network: true })).stdout).toBe('');
    expect(hits).toEqual([]);
    const { error } = await scripts.node(
      `export default async () => (await fetch('http://169.254.169.254/')).status;`,
      {
        network: true,
      },
    );
    expect(error).toContain('403');
  }, 360_000);

  test('is missing if the script does not request it', async () => {
    const { stdout } = await scripts.shell(
      'env | grep -i proxy; (exec 3<>/dev/tcp/127.0.0.1/3128) 2>/dev/null && echo reached; true',
    );
    expect(stdout).toBe('');
  });
});

describe('without a sandbox', () => {
  let scripts: Scripts;
  beforeAll(() => (scripts = createScripts({ sandbox: 'none' })));
  afterAll(() => scripts.close());

  test.each([
    ['in another session', 'setsid sleep ARGUMENT &'],
    ['with an empty environment', 'env -i setsid /bin/sleep ARGUMENT &'],
    ['after its parent has ended', '(setsid sh -c "sleep ARGUMENT & sleep ARGUMENT" &) ; sleep 0.2'],
  ])(
    'a process that a script leaves %s is killed with it',
    async (_name, line) => {
      const argument = `300.${Date.now()}`;
      const script = line.replaceAll('ARGUMENT', argument);
      const timedOut = await scripts.shell(`${script}\nsleep ${argument}`, { timeoutMs: 3_000 });
      expect(timedOut).toMatchObject({ timedOut: true });
      expect(timedOut.durationMs).toBeLessThan(60_000);
      await until('the process has ended', () => Promise.resolve(!isRunning(argument)));
      const ended = await scripts.shell(`${script}\necho done`, { timeoutMs: 20_000 });
      expect(ended).toMatchObject({ exitCode: 0, stdout: 'done\n', timedOut: false });
      await until('the process has ended', () => Promise.resolve(!isRunning(argument)));
    },
    90_000,
  );

  test('scripts are compiled and limited, and their directory is removed afterwards', async () => {
    expect(await scripts.node('export default async (x: { trigger: unknown }) => x.trigger;')).toMatchObject({
      result: null,
    });
    const { stdout } = await scripts.shell('pwd; ulimit -c', { workingDirectory: 'a/b' });
    expect(stdout).toMatch(/\/a\/b\n0\n$/);
    expect(existsSync(stdout.split('\n')[0] ?? '/')).toBe(false);
  }, 180_000);
});
