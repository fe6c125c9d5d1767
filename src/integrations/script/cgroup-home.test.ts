import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openCgroupHome, type CgroupHost } from './cgroup-home';

/** A directory that imitates a mounted cgroup file system containing this process. */
interface Tree {
  mount: string;
  host: CgroupHost;
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
}

describe('the cgroup for scripts', () => {
  let root: string;
  beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'cgroup-'))));
  afterEach(() => rm(root, { recursive: true }));

  /**
   * Creates fake files in /proc and in the mounted cgroup. `path` is the cgroup of this process, as in
   * /proc/self/cgroup.
   */
  async function tree(path: string, mounted = '/'): Promise<Tree> {
    const mount = join(root, 'cgroup fs');
    const write = async (name: string, text: string) => {
      await mkdir(dirname(join(mount, name)), { recursive: true });
      await writeFile(join(mount, name), text);
    };
    await mkdir(join(root, 'proc'));
    await writeFile(join(root, 'proc/cgroup'), `4:memory:/elsewhere\n0::${path}\n`);
    const escaped = mount.replaceAll(' ', '\\040');
    await writeFile(
      join(root, 'proc/mountinfo'),
      `22 1 0:20 / /proc rw - proc proc rw\n30 22 0:26 ${mounted} ${escaped} rw,nosuid shared:4 - cgroup2 cgroup2 rw\n`,
    );
    return {
      ...{ mount, write },
      host: { proc: join(root, 'proc'), family: () => Promise.resolve([100, 101]) },
      read: (name) => readFile(join(mount, name), 'utf8'),
    };
  }

  async function delegated({ write }: Tree, path: string, procs: string): Promise<void> {
    await write(`${path}/cgroup.controllers`, 'cpu io memory pids\n');
    await write(`${path}/cgroup.subtree_control`, '\n');
    await write(`${path}/cgroup.type`, 'domain\n');
    await write(`${path}/cgroup.procs`, procs);
  }

  test('is created below the delegated cgroup of the service, which moves into a leaf', async () => {
    const made = await tree('/system.slice/fermata.service');
    const own = 'system.slice/fermata.service';
    await delegated(made, own, '100\n');
    expect(await openCgroupHome('auto', made.host)).toEqual({ directory: join(made.mount, own, 'fermata-scripts') });
    expect(await made.read(`${own}/fermata-service/cgroup.procs`)).toBe('100');
    expect(await made.read(`${own}/cgroup.subtree_control`)).toBe('+memory +pids');
    expect(await made.read(`${own}/fermata-scripts/cgroup.subtree_control`)).toBe('+memory +pids');
  });

  test('is found by a process that was started in the leaf', async () => {
    const made = await tree('/fermata.service/fermata-service');
    await delegated(made, 'fermata.service', '');
    await delegated(made, 'fermata.service/fermata-service', '7\n100\n');
    expect(await openCgroupHome('auto', made.host)).toEqual({
      directory: join(made.mount, 'fermata.service/fermata-scripts'),
    });
    expect(await made.read('fermata.service/fermata-service/cgroup.procs')).toBe('7\n100\n');
  });

  test('is not created if other processes are in the cgroup of the service', async () => {
    const made = await tree('/user.slice/terminal.scope');
    await delegated(made, 'user.slice/terminal.scope', '7\n100\n');
    expect(await openCgroupHome('auto', made.host)).toEqual({
      problem: `other processes (7) are in the cgroup of the service, ${join(made.mount, 'user.slice/terminal.scope')}`,
    });
  });

  test('is created in a container, whose processes move into the leaf', async () => {
    const made = await tree('/');
    await delegated(made, '.', '1\n100\n');
    expect(await openCgroupHome('auto', made.host)).toEqual({ directory: join(made.mount, 'fermata-scripts') });
    // In the kernel, each line is a separate write. In the temporary directory only the last line remains.
    expect(await made.read('fermata-service/cgroup.procs')).toBe('100');
  });

  test('is created without a leaf at the root of the hierarchy', async () => {
    const made = await tree('/');
    await made.write('cgroup.controllers', 'memory pids');
    await made.write('cgroup.subtree_control', '');
    await made.write('cgroup.procs', '1\n100\n');
    expect(await openCgroupHome('auto', made.host)).toHaveProperty('directory');
    await expect(made.read('fermata-service/cgroup.procs')).rejects.toThrow('ENOENT');
  });

  test('is created only in the mounted part of the hierarchy', async () => {
    const made = await tree('/machine/c1/app', '/machine/c1');
    await delegated(made, 'app', '100\n');
    expect(await openCgroupHome('auto', made.host)).toEqual({ directory: join(made.mount, 'app/fermata-scripts') });
    await writeFile(join(root, 'proc/cgroup'), '0::/machine/c2\n');
    expect(await openCgroupHome('auto', made.host)).toEqual({
      problem: 'the cgroup of the service (/machine/c2) is not mounted',
    });
    await writeFile(join(root, 'proc/cgroup'), '0::/\n');
    await writeFile(join(root, 'proc/mountinfo'), `30 22 0:26 /../.. ${join(root, 'x')} rw - cgroup2 cgroup2 rw\n`);
    expect(await openCgroupHome('auto', made.host)).toEqual({
      problem: 'the cgroup of the service (/) is not mounted',
    });
  });

  test('is not created without cgroup version 2 or its controllers, and the reason is returned', async () => {
    const made = await tree('/');
    await made.write('cgroup.controllers', 'hugetlb pids\n');
    expect(await openCgroupHome('auto', made.host)).toEqual({
      problem: `cgroup version 2 has no controller memory in ${made.mount}`,
    });
    await writeFile(join(root, 'proc/mountinfo'), '30 22 0:26 / /sys/fs/cgroup rw - cgroup cgroup rw,memory\n');
    expect(await openCgroupHome('auto', made.host)).toEqual({ problem: 'cgroup version 2 is not mounted' });
    expect(await openCgroupHome('none', made.host)).toEqual({ problem: 'FERMATA_SCRIPT_CGROUP is none' });
  });

  test('can be set explicitly', async () => {
    const made = await tree('/elsewhere');
    await delegated(made, 'given', '');
    const directory = join(made.mount, 'given');
    expect(await openCgroupHome(directory, made.host)).toEqual({ directory: join(directory, 'fermata-scripts') });
  });
});
