import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { identityOf } from '../../os/process-identity';
import { LIMITS } from './limits';
import type { Companion } from './run-process';

const MB = 1_048_576;
/** Memory limit in megabytes. It includes in-memory files, which the kernel counts as memory. */
const MEMORY_MB = LIMITS.memoryMb + LIMITS.workMb + 2 * LIMITS.tmpMb;
/** Number of processes that bubblewrap itself needs in addition to those of the script. */
const AROUND = 8;
/** Milliseconds after which an empty cgroup of another PID namespace is considered unused. */
const FOREIGN_AGE_MS = 3_600_000;
const REMOVE_ROUNDS = 100;

/** The cgroup of one script. */
export interface ScriptCgroup {
  /**
   * File descriptor of the cgroup's `cgroup.procs`, open for writing. The kernel checks the permissions of the process
   * that opened it, so any user can enter the cgroup through it.
   */
  descriptor: number;
  /** Kills every process in the cgroup, including processes in other sessions. */
  companion: Companion;
  /** Returns why the kernel killed the script, or undefined if it did not. */
  excess(): string | undefined;
  /** Kills the remaining processes and removes the cgroup. */
  remove(): Promise<void>;
}

let made = 0;

/** Creates a cgroup below `home` with the limits of one script. */
export async function createScriptCgroup(home: string): Promise<ScriptCgroup> {
  const directory = join(home, `script-${ownerName()}-${(made += 1)}`);
  await mkdir(directory);
  try {
    await limit(directory);
    const file = await open(join(directory, 'cgroup.procs'), 'w');
    return {
      descriptor: file.fd,
      companion: { killRest: () => killAll(directory) },
      excess: () => excessOf(directory),
      async remove() {
        await file.close();
        await removeCgroup(directory);
      },
    };
  } catch (error) {
    await removeCgroup(directory);
    throw error;
  }
}

async function limit(directory: string): Promise<void> {
  await writeFile(join(directory, 'memory.max'), String(MEMORY_MB * MB));
  await writeFile(join(directory, 'memory.oom.group'), '1');
  await writeFile(join(directory, 'pids.max'), String(LIMITS.processes + AROUND));
  // The file does not exist if the kernel does not account for swap.
  await writeFile(join(directory, 'memory.swap.max'), '0').catch(() => undefined);
}

function excessOf(directory: string): string | undefined {
  const kills = Number(/^oom_kill (\d+)$/m.exec(readOr(join(directory, 'memory.events'), ''))?.[1] ?? 0);
  return kills === 0
    ? undefined
    : `The script used more than ${MEMORY_MB} MB of memory, with its files, and was killed.`;
}

/** Kills all processes in a cgroup: all at once, or one by one on kernels before 5.14. */
function killAll(directory: string): void {
  try {
    writeFileSync(join(directory, 'cgroup.kill'), '1', { flag: 'r+' });
  } catch {
    for (const pid of readOr(join(directory, 'cgroup.procs'), '').split('\n').map(Number)) kill(pid);
  }
}

function kill(pid: number): void {
  try {
    if (pid > 0) process.kill(pid, 'SIGKILL');
  } catch {
    // The process has already ended.
  }
}

/**
 * Kills the processes of a cgroup and removes it. Stops trying after 2 s; `removeLeftCgroups` tries again at the next
 * start.
 */
async function removeCgroup(directory: string): Promise<void> {
  for (let round = 0; round < REMOVE_ROUNDS; round += 1) {
    killAll(directory);
    try {
      await rmdir(directory);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      await pause(20);
    }
  }
}

/** Removes the cgroups below `home` of service processes that have crashed, and kills the processes in them. */
export async function removeLeftCgroups(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    const [, namespace = '', pid, startedAt] = /^script-(\d+)-(\d+)-(\d+)-\d+$/.exec(name) ?? [];
    if (pid === undefined) continue;
    const directory = join(home, name);
    if (namespace === pidNamespace()) {
      if (identityOf(Number(pid))?.startedAt !== startedAt) await removeCgroup(directory);
    } else if (await isAbandoned(directory)) await rmdir(directory).catch(() => undefined);
  }
}

/**
 * Returns whether a cgroup is old enough to count as unused (see `FOREIGN_AGE_MS`). Used for cgroups of other PID
 * namespaces, whose owners cannot be checked. If the cgroup is still in use, the kernel refuses to remove it.
 */
async function isAbandoned(directory: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(directory)).mtimeMs > FOREIGN_AGE_MS;
  } catch {
    return false;
  }
}

/** Returns a name that identifies this process, even if a later process gets the same id. */
const ownerName = () => `${pidNamespace()}-${process.pid}-${identityOf(process.pid)?.startedAt ?? 0}`;

function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
