import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Identifies a process, even after its process id has been reused. */
export interface ProcessIdentity {
  pid: number;
  /** When the process was started, as the operating system reports it. Compare it only for equality. */
  startedAt: string;
}

/** Returns the identity of a process that is alive (a zombie is not), or undefined when no such process exists. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  try {
    // The fields after the command name, which may contain spaces and brackets. The state is the first of these fields,
    // and the start time is the 20th.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? undefined : { pid, startedAt: fields[19] ?? '' };
  } catch {
    return process.platform === 'linux' ? undefined : identityFromPs(pid);
  }
}

function identityFromPs(pid: number): ProcessIdentity | undefined {
  try {
    const startedAt = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return startedAt === '' ? undefined : { pid, startedAt };
  } catch {
    return undefined;
  }
}

/** Returns whether the process is alive. Returns false when its id now belongs to another process. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startedAt === identity.startedAt;
}

/**
 * Ends a process that is not a child of this process. Sends `signal`, and kills it after `graceMs` milliseconds.
 * Resolves when the process has ended, when it cannot be signalled, or at the latest 5 s after it was killed.
 */
export async function endProcess(identity: ProcessIdentity, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  for (let next: NodeJS.Signals = signal; isAlive(identity); next = 'SIGKILL') {
    try {
      process.kill(identity.pid, next);
    } catch {
      return;
    }
    const until = next === 'SIGKILL' ? performance.now() + 5_000 : deadline;
    while (isAlive(identity) && performance.now() < until) await sleep(50);
    if (next === 'SIGKILL') return;
  }
}
