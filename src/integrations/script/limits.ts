import { existsSync } from 'node:fs';

/** Limits for one script. */
export const LIMITS = {
  /**
   * Maximum number of processes and threads. Without a sandbox, it applies only in a cgroup, because a limit per user
   * would count all of the user's processes.
   */
  processes: 256,
  /** Maximum size in megabytes of one file. */
  fileMb: 64,
  /** Maximum number of open files per process. */
  openFiles: 1_024,
  /** Maximum total number of open files in all processes of the script. Pipes and sockets use kernel memory. */
  allOpenFiles: 2_048,
  /**
   * Maximum number of files and directories that the script may create. Each takes about 1 kB of kernel memory, even
   * when it is empty.
   */
  files: 100_000,
  /**
   * Maximum total memory in megabytes of all the script's processes. Also the limit for the writable memory of each
   * process.
   */
  memoryMb: 1_024,
  /** Size in megabytes of the in-memory working directory. */
  workMb: 256,
  /** Size in megabytes of /tmp, and also of /dev/shm. Both are kept in memory. */
  tmpMb: 64,
} as const;

/**
 * Paths of prlimit, from util-linux. The shell's own `ulimit` would only take effect after the shell has read its
 * startup files.
 */
const PRLIMIT = ['/usr/bin/prlimit', '/bin/prlimit', '/run/current-system/sw/bin/prlimit'];

/** Returns the absolute path of prlimit, or undefined if it is not installed. */
export const findPrlimit = (): string | undefined => PRLIMIT.find((path) => existsSync(path));

interface LimitOptions {
  timeoutMs: number;
  inSandbox: boolean;
  /** Hard limit for POSIX message queues. No descendant can raise it, so it marks the processes of a script. */
  mark?: number;
}

/**
 * Returns a command with limits for CPU time, file size, open files and memory, and in a sandbox also for processes.
 * Without prlimit, only CPU time and file size are limited. The memory limit applies to writable memory, not to address
 * space: Node and WebAssembly reserve large amounts of address space that they never use.
 */
export function withLimits(command: readonly string[], { timeoutMs, inSandbox, mark }: LimitOptions): string[] {
  const prlimit = findPrlimit();
  if (prlimit === undefined) {
    // This happens only without a sandbox, for example on macOS.
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
