import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityOf } from '../../os/process-identity';
import { createScriptCgroup, removeLeftCgroups } from './script-cgroup';

// Uses a temporary directory. test/integration/script-cgroup.test.ts uses real cgroups where the service may create
// them.
describe('the cgroup of one script', () => {
  let home: string;
  beforeEach(async () => (home = await mkdtemp(join(tmpdir(), 'cgroups-'))));
  afterEach(() => rm(home, { recursive: true }));

  test('has the limits of a script and a name that identifies its owner', async () => {
    const cgroup = await createScriptCgroup(home);
    const [name = ''] = await readdir(home);
    const startedAt = identityOf(process.pid)?.startedAt ?? '';
    expect(name).toMatch(new RegExp(`^script-\\d+-${process.pid}-${startedAt}-\\d+$`));
    const read = (file: string) => readFile(join(home, name, file), 'utf8');
    expect(await read('memory.max')).toBe(String(1_408 * 1_048_576));
    expect(await read('memory.swap.max')).toBe('0');
    expect(await read('memory.oom.group')).toBe('1');
    expect(await read('pids.max')).toBe('264');
    expect(cgroup.excess()).toBeUndefined();
    await writeFile(join(home, name, 'memory.events'), 'oom 3\noom_kill 2\noom_group_kill 1\n');
    expect(cgroup.excess()).toBe('The script used more than 1408 MB of memory, with its files, and was killed.');
    // The kernel removes a cgroup directory together with its files.
    await rm(join(home, name), { recursive: true });
    await cgroup.remove();
  });

  test('is removed at the start of the service only if its owner has ended', async () => {
    const namespace = /\d+/.exec(await readlink('/proc/self/ns/pid'))?.[0] ?? '';
    const startedAt = identityOf(process.pid)?.startedAt ?? '';
    const names = {
      own: `script-${namespace}-${process.pid}-${startedAt}-1`,
      before: `script-${namespace}-${process.pid}-1${startedAt}-2`,
      ended: `script-${namespace}-4194305-77-3`,
      elsewhere: `script-1${namespace}-4194305-77-4`,
      elsewhereLongAgo: `script-1${namespace}-4194305-77-5`,
      other: 'not-ours',
    };
    for (const name of Object.values(names)) await mkdir(join(home, name));
    const hoursAgo = new Date(Date.now() - 7_200_000);
    await utimes(join(home, names.elsewhereLongAgo), hoursAgo, hoursAgo);
    await removeLeftCgroups(home);
    const isLeft = Object.fromEntries(Object.entries(names).map(([key, name]) => [key, existsSync(join(home, name))]));
    expect(isLeft).toEqual({
      ...{ own: true, before: false, ended: false, elsewhere: true, elsewhereLongAgo: false, other: true },
    });
  });
});
