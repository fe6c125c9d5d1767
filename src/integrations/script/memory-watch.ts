import { memoryOf, processTree, sharedMemoryOf } from './process-tree';
import type { Companion } from './run-process';

const PERIOD_MS = 100;
const MB = 1_048_576;

/**
 * Stops a script whose processes together hold more memory than they may. Looks ten times a second; between two looks the
 * limit of each single process (see `limits.ts`) bounds what can be taken. Does nothing where there is no /proc.
 */
export function watchMemory(pid: number, mostMb: number, stop: (why: string) => void): Companion {
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  const look = async () => {
    if ((await totalMemory(pid, mostMb * MB)) > mostMb * MB && !hasEnded) {
      stop(`The script used more than ${mostMb} MB of memory and was killed.`);
      return;
    }
    if (!hasEnded) timer = setTimeout(() => void look(), PERIOD_MS);
  };
  timer = setTimeout(() => void look(), PERIOD_MS);
  return {
    end() {
      hasEnded = true;
      clearTimeout(timer);
    },
  };
}

/** Bytes; exact only when the quick sum, which counts shared pages more than once, is above the limit. */
async function totalMemory(root: number, limit: number): Promise<number> {
  const pids = await processTree(root);
  const quick = await sumOf(pids, memoryOf);
  if (quick <= limit) return quick;
  return sumOf(pids, async (pid) => (await sharedMemoryOf(pid)) ?? memoryOf(pid));
}

async function sumOf(pids: readonly number[], of: (pid: number) => Promise<number>): Promise<number> {
  const each = await Promise.all(pids.map(of));
  return each.reduce((sum, bytes) => sum + bytes, 0);
}
