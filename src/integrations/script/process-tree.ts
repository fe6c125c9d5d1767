import { readdir, readFile } from 'node:fs/promises';

/** Returns the contents of a file in /proc, or an empty string when the process has ended or is not visible. */
async function procText(path: string): Promise<string> {
  try {
    return await readFile(`/proc/${path}`, 'latin1');
  } catch {
    return '';
  }
}

/** Returns the ids of a process and all its current descendants. */
export async function processTree(root: number): Promise<number[]> {
  const found = [root];
  for (let index = 0; index < found.length; index += 1) {
    const pid = found[index] ?? root;
    for (const thread of await threadsOf(pid)) {
      const children = await procText(`${pid}/task/${thread}/children`);
      found.push(
        ...children
          .split(' ')
          .filter((text) => text !== '')
          .map(Number),
      );
    }
  }
  return found;
}

const threadsOf = (pid: number): Promise<string[]> => namesIn(`/proc/${pid}/task`);

async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch {
    return [];
  }
}

/** Returns the number of files that a process has open. */
export async function openFilesOf(pid: number): Promise<number> {
  return (await namesIn(`/proc/${pid}/fd`)).length;
}

/** Returns the memory of a process in bytes, excluding mapped files: anonymous, shared and swapped memory. */
export async function memoryOf(pid: number): Promise<number> {
  const status = await procText(`${pid}/status`);
  const kilobytes = [...status.matchAll(/^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB$/gm)].map(([, text]) => Number(text));
  return 1_024 * kilobytes.reduce((sum, each) => sum + each, 0);
}

/**
 * Returns the same as `memoryOf`, but divides shared pages among the processes that share them. Slower than `memoryOf`.
 * Returns null if the memory cannot be read.
 */
export async function sharedMemoryOf(pid: number): Promise<number | null> {
  const rollup = await procText(`${pid}/smaps_rollup`);
  const kilobytes = [...rollup.matchAll(/^(?:Pss_Anon|Pss_Shmem|SwapPss):\s+(\d+) kB$/gm)].map(([, text]) =>
    Number(text),
  );
  return kilobytes.length === 0 ? null : 1_024 * kilobytes.reduce((sum, each) => sum + each, 0);
}
