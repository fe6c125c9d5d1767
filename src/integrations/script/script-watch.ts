import { statfs } from 'node:fs/promises';
import { LIMITS } from './limits';
import { memoryOf, openFilesOf, processTree, sharedMemoryOf } from './process-tree';
import type { Companion } from './run-process';

const PERIOD_MS = 100;
const MB = 1_048_576;
/** Magic number of tmpfs, from linux/magic.h. */
const TMPFS = 0x01021994;
/**
 * Directories of the sandbox in which a script can create files, with their sizes in megabytes. The sizes distinguish
 * them from directories of the host with the same paths.
 */
const ROOMS: readonly [path: string, megabytes: number][] = [
  ['/work', LIMITS.workMb],
  ['/tmp', LIMITS.tmpMb],
  ['/dev/shm', LIMITS.tmpMb],
];

/**
 * Stops a script whose processes in total exceed a limit for memory, open files or created files. Checks ten times a
 * second; between two checks, the limits per process (see `limits.ts`) bound the usage. Does nothing without /proc.
 */
export function watchScript(pid: number, stop: (why: string) => void): Companion {
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  const check = async () => {
    const excess = await excessOf(pid);
    if (hasEnded) return;
    if (excess !== undefined) return stop(`The script used more than ${excess} and was killed.`);
    timer = setTimeout(() => void check(), PERIOD_MS);
  };
  timer = setTimeout(() => void check(), PERIOD_MS);
  return {
    end() {
      hasEnded = true;
      clearTimeout(timer);
    },
  };
}

/** Returns the limit that the total usage of the process tree below `root` exceeds, or undefined if it exceeds none. */
async function excessOf(root: number): Promise<string | undefined> {
  const pids = await processTree(root);
  if ((await totalMemory(pids, LIMITS.memoryMb * MB)) > LIMITS.memoryMb * MB) return `${LIMITS.memoryMb} MB of memory`;
  if ((await sumOf(pids, openFilesOf)) > LIMITS.allOpenFiles) return `${LIMITS.allOpenFiles} open files`;
  if ((await filesMade(pids.at(-1) ?? root)) > LIMITS.files) return `${LIMITS.files} files`;
  return undefined;
}

/**
 * Returns the memory of processes in bytes. A quick sum, which counts shared pages more than once, is returned if it
 * does not exceed the limit. Otherwise the exact value is computed.
 */
async function totalMemory(pids: readonly number[], limit: number): Promise<number> {
  const quick = await sumOf(pids, memoryOf);
  if (quick <= limit) return quick;
  return sumOf(pids, async (pid) => (await sharedMemoryOf(pid)) ?? memoryOf(pid));
}

/**
 * Returns the number of files in the directories that a script can write to. Reads them through the root directory of
 * the script's process.
 */
function filesMade(pid: number): Promise<number> {
  return sumOf(ROOMS, async ([path, megabytes]) => {
    try {
      const { type, blocks, bsize, files, ffree } = await statfs(`/proc/${pid}/root${path}`);
      // Until the sandbox is set up, its processes still see the directories of the host.
      return type === TMPFS && blocks * bsize === megabytes * MB ? files - ffree : 0;
    } catch {
      return 0;
    }
  });
}

async function sumOf<T>(items: readonly T[], of: (item: T) => Promise<number>): Promise<number> {
  const each = await Promise.all(items.map(of));
  return each.reduce((sum, count) => sum + count, 0);
}
