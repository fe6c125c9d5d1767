import { access, constants, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { processTree } from './process-tree';

/** Cgroup below the delegated one that the service moves itself into: a cgroup with controllers must hold no processes. */
const LEAF = 'fermata-service';
/** Cgroup below the delegated one that holds one cgroup for each running script. */
const SCRIPTS = 'fermata-scripts';
const CONTROLLERS = ['memory', 'pids'];

/** The facts about this process that decide which cgroup it uses. */
export interface CgroupHost {
  /** The folder of this process in /proc. */
  proc: string;
  /** Process ids of this process and its descendants. */
  family(): Promise<number[]>;
}

const THIS_HOST: CgroupHost = { proc: '/proc/self', family: () => processTree(process.pid) };

/** The directory for the cgroups of scripts, or why there is none. */
export type CgroupHome = { directory: string } | { problem: string };

/**
 * Finds and prepares the cgroup (version 2) in which a service process makes one cgroup for each script.
 *
 * @param setting `auto`: the cgroup of this process, if the service may write to it and no foreign process is in it; `none`; or
 * the absolute path of a delegated cgroup
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

/** Why no cgroup can be used; the message is for operators. */
class CgroupProblem extends Error {}

function problemOf(error: unknown): string {
  if (error instanceof CgroupProblem) return error.message;
  const { code, path = 'the cgroup' } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return `the service may not write to ${path}`;
  if (code === 'EBUSY') return `processes that are not visible here are in the cgroup of ${path}`;
  return error instanceof Error ? error.message : String(error);
}

/**
 * Returns the cgroup that is delegated to this process; `isContainer`: all of its processes belong to the container of
 * the service.
 */
async function ownCgroup({ proc }: CgroupHost): Promise<{ directory: string; isContainer: boolean }> {
  const path = /^0::(.*)$/m.exec(await textOf(join(proc, 'cgroup')))?.[1];
  const mount = cgroupMount(await textOf(join(proc, 'mountinfo')));
  if (path === undefined || mount === undefined) throw new CgroupProblem('cgroup version 2 is not mounted');
  const below = relative(mount.root, path);
  // A mounted cgroup of `/..` is outside the namespace of this process.
  if (below.startsWith('..') || mount.root.startsWith('/..'))
    throw new CgroupProblem(`the cgroup of the service (${path}) is not mounted`);
  const own = join(mount.point, below);
  // This process, or an earlier one in the same container, has moved into its leaf.
  const directory = basename(own) === LEAF ? dirname(own) : own;
  return { directory, isContainer: directory === mount.point };
}

/** Returns the mount point of cgroup version 2, and the cgroup that is mounted there. */
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
  // The root of the hierarchy, which has no type, may hold processes.
  if ((await textOf(join(directory, 'cgroup.type'))) !== '') await vacate(directory, isContainer, host);
  await writeFile(control, asRequest(CONTROLLERS));
}

/**
 * Moves the processes of the service from its cgroup into a leaf below. @throws {CgroupProblem} when it has other
 * processes
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
      // It has ended in between.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

const asRequest = (controllers: readonly string[]) => controllers.map((name) => `+${name}`).join(' ');

async function wordsOf(path: string): Promise<string[]> {
  return (await textOf(path)).split(/\s+/).filter((word) => word !== '');
}

/** Returns the text of a file; empty where it is missing. */
async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}
