import { existsSync } from 'node:fs';

/** Limits of one script. */
export const LIMITS = {
  /** Processes and threads. Applies in the sandbox only; elsewhere all processes of the user would count. */
  processes: 256,
  /** Size of one file, in megabytes. */
  fileMb: 64,
  /** Open files of one process. */
  openFiles: 1_024,
  /** Open files of all its processes together, since pipes and sockets use memory of the kernel. */
  allOpenFiles: 2_048,
  /** Files and folders that it creates. Each takes about 1 kB of the kernel's memory, even when it is empty. */
  files: 100_000,
  /** Memory of all its processes together, and writable memory of each of them, in megabytes. */
  memoryMb: 1_024,
  /** Size of the working directory, in megabytes of memory. */
  workMb: 256,
  /** Size of /tmp and of /dev/shm, each, in megabytes of memory. */
  tmpMb: 64,
} as const;

/**
 * Paths of prlimit, from util-linux. The shell's own `ulimit` would take effect only after the shell has read its start
 * files.
 */
const PRLIMIT = ['/usr/bin/prlimit', '/bin/prlimit', '/run/current-system/sw/bin/prlimit'];

/** Returns the absolute path of prlimit; undefined where it is missing. */
export const findPrlimit = (): string | undefined => PRLIMIT.find((path) => existsSync(path));

interface LimitOptions {
  timeoutMs: number;
  inSandbox: boolean;
  /** Hard limit of POSIX message queues, which no descendant can raise; used as a mark to find them. */
  mark?: number;
}

/**
 * Returns a command under limits of time, processes, files and memory. Memory is limited as writable memory, not as
 * address space, of which Node and WebAssembly reserve amounts that they never use.
 */
export function withLimits(command: readonly string[], { timeoutMs, inSandbox, mark }: LimitOptions): string[] {
  const prlimit = findPrlimit();
  if (prlimit === undefined) {
    // Only without a sandbox, on systems other than Linux.
    const limits = `ulimit -t ${Math.ceil(timeoutMs / 1_000) + 1}; ulimit -f ${LIMITS.fileMb * 1_024}; ulimit -c 0`;
    return ['/bin/bash', '--norc', '--noprofile', '-c', `${limits}; exec "$@"`, 'bash', ...command];
  }
  const MB = 1_048_576;
  return [
    prlimit,
    `--cpu=${Math.ceil(timeoutMs / 1_000) + 1}`,
    ...(inSandbox ? [`--nproc=${LIMITS.processes}`] : []),
    `--fsize=${LIMITS.fileMb * MB}`,
    `--data=${LIMITS.memoryMb * MB}`,
    `--nofile=${LIMITS.openFiles}`,
    `--msgqueue=${mark ?? 0}`,
    '--core=0',
    '--',
    ...command,
  ];
}
