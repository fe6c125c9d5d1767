import { access, constants, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { processTree } from './process-tree';

/**
 * Cgroup below the delegated cgroup into which the service moves itself, because a cgroup with controllers must not
 * contain processes.
 */
const LEAF = 'fermata-service';
/** Child of the delegated cgroup. It contains one cgroup per running script. */
const SCRIPTS = 'fermata-scripts';
const CONTROLLERS = ['memory', 'pids'];

/** The facts about this process that determine which cgroup it uses. */
export interface CgroupHost {
  /** The directory of this process in /proc. */
  proc: string;
  /** Returns the process ids of this process and its descendants. */
  family(): Promise<number[]>;
}

const THIS_HOST: CgroupHost = { proc: '/proc/self', family: () => processTree(process.pid) };

/** The directory for script cgroups, or the reason why there is none. */
export type CgroupHome = { directory: string } | { problem: string };

/**
 * Finds and prepares the cgroup (version 2) in which a service process creates one cgroup per script. Returns the
 * reason as `problem` if no cgroup can be used.
 *
 * @param setting `auto` for the cgroup of this process, if the service may write to it and it contains no other
 * processes; `none`; or the absolute path of a delegated cgroup
 */
export async function openCgroupHome(setting: string, host: CgroupHost = THIS_HOST): Promise<CgroupHome> {
  if (setting === 'none') return { problem: 'FERMATA_SCRIPT_CGROUP is none' };
  try {
    const { directory, isContainer } =
      setting === 'auto' ? await ownCgroup(host) : { directory: setting, isContainer: false };
    await enableControllers(directory, isContainer, host);
    const scripts = join(directory, SCRIPTS);
    await mkdir(scripts, { recursive: true });
    await writeFile(join(scripts, 'cgroup.subtree_control'), asRequest(CONTROLLERS));
    return { directory: scripts };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

/** Thrown when no cgroup can be used. The message states the reason for operators. */
class CgroupProblem extends Error {}

function problemOf(error: unknown): string {
  if (error instanceof CgroupProblem) return error.message;
  const { code, path = 'the cgroup' } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return `the service may not write to ${path}`;
  if (code === 'EBUSY') return `processes that are not visible here are in the cgroup of ${path}`;
  return error instanceof Error ? error.message : String(error);
}

/**
 * Returns the cgroup that is delegated to this process. `isContainer` is true if all processes in it belong to the
 * service's container.
 * @throws {CgroupProblem} when cgroup version 2, or the cgroup of this process, is not mounted
 */
async function ownCgroup({ proc }: CgroupHost): Promise<{ directory: string; isContainer: boolean }> {
  const path = /^0::(.*)$/m.exec(await textOf(join(proc, 'cgroup')))?.[1];
  const mount = cgroupMount(await textOf(join(proc, 'mountinfo')));
  if (path === undefined || mount === undefined) throw new CgroupProblem('cgroup version 2 is not mounted');
  const below = relative(mount.root, path);
  // A mounted cgroup that starts with `/..` is outside the namespace of this process.
  if (below.startsWith('..') || mount.root.startsWith('/..'))
    throw new CgroupProblem(`the cgroup of the service (${path}) is not mounted`);
  const own = join(mount.point, below);
  // This process, or an earlier process in the same container, has already moved into the leaf.
  const directory = basename(own) === LEAF ? dirname(own) : own;
  return { directory, isContainer: directory === mount.point };
}

/**
 * Returns the mount point of cgroup version 2, and the cgroup that is mounted there. Returns undefined if it is not
 * mounted.
 */
function cgroupMount(mountinfo: string): { root: string; point: string } | undefined {
  for (const line of mountinfo.split('\n')) {
    const [fields = '', about = ''] = line.split(' - ');
    const [, , , root, point] = fields.split(' ').map(unescaped);
    if (about.startsWith('cgroup2 ') && root !== undefined && point !== undefined) return { root, point };
  }
  return undefined;
}

const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));

async function enableControllers(directory: string, isContainer: boolean, host: CgroupHost): Promise<void> {
  const available = await wordsOf(join(directory, 'cgroup.controllers'));
  const missing = CONTROLLERS.filter((name) => !available.includes(name));
  if (missing.length > 0)
    throw new CgroupProblem(`cgroup version 2 has no controller ${missing.join(', ')} in ${directory}`);
  await access(directory, constants.W_OK);
  const control = join(directory, 'cgroup.subtree_control');
  const enabled = await wordsOf(control);
  if (CONTROLLERS.every((name) => enabled.includes(name))) return;
  // The root of the hierarchy has no `cgroup.type` file and may contain processes.
  if ((await textOf(join(directory, 'cgroup.type'))) !== '') await vacate(directory, isContainer, host);
  await writeFile(control, asRequest(CONTROLLERS));
}

/**
 * Moves the service's processes from its cgroup into a leaf below it. In a container, all processes in the cgroup
 * belong to the service.
 * @throws {CgroupProblem} when the cgroup contains other processes
 */
async function vacate(directory: string, isContainer: boolean, host: CgroupHost): Promise<void> {
  const present = await wordsOf(join(directory, 'cgroup.procs'));
  if (present.length === 0) return;
  const family = await host.family();
  const foreign = present.filter((pid) => !family.includes(Number(pid)));
  if (foreign.length > 0 && !isContainer) {
    const some = foreign.slice(0, 5).join(', ');
    throw new CgroupProblem(`other processes (${some}) are in the cgroup of the service, ${directory}`);
  }
  const leaf = join(directory, LEAF);
  await mkdir(leaf, { recursive: true });
  for (const pid of present) {
    try {
      await writeFile(join(leaf, 'cgroup.procs'), pid);
    } catch (error) {
      // The process has ended since it was listed.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

const asRequest = (controllers: readonly string[]) => controllers.map((name) => `+${name}`).join(' ');

async function wordsOf(path: string): Promise<string[]> {
  return (await textOf(path)).split(/\s+/).filter((word) => word !== '');
}

/** Returns the contents of a file, or an empty string if the file cannot be read. */
async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}
