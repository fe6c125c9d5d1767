import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Mask } from '../../domain/secrets/mask-values';
import { isTimeout } from '../is-timeout';
import { keepText } from './keep-text';

/**
 * Milliseconds after the end of a process during which its output is still read. Other processes may keep the pipes
 * open.
 */
const DRAIN_MS = 1_000;

/** Hooks that run alongside a process. */
export interface Companion {
  /**
   * Kills processes that the process started outside its process group. Called at the timeout, on abort, and after the
   * end of the process.
   */
  killRest?(): void;
  /** Called once when the process has ended. */
  end?(): void;
}

/** A process to run until it ends. */
export interface ProcessRequest {
  /** Absolute path of the program. */
  command: string;
  args: readonly string[];
  /** The complete environment. */
  env: Readonly<Record<string, string>>;
  cwd?: string | undefined;
  /** User and group id to run as. Only root can choose one. */
  user?: number | undefined;
  stdin: string;
  /** Contents for the file descriptors 4, 5, …, which the process reads. */
  inputs?: readonly (string | Buffer)[];
  /**
   * File descriptor of a `cgroup.procs` that is open for writing. The process enters this cgroup before it does
   * anything else.
   */
  enter?: number | undefined;
  timeoutMs: number;
  /** Masks secrets in outputs that have to be truncated. The caller masks all other outputs. */
  mask: Mask;
  /**
   * Kills the process when aborted. If the reason is a timeout, the process counts as timed out; any other reason is
   * thrown.
   */
  signal: AbortSignal;
  /**
   * Called when the process has started. Calling `stop` kills the process, and its argument becomes `stopped` in the
   * result.
   */
  accompany?: (pid: number, stop: (why: string) => void) => Companion;
}

/** The outcome of a process. */
export interface ProcessResult {
  /** Null if the process was killed. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** Text that the process wrote to file descriptor 3. */
  result: string;
  durationMs: number;
  timedOut: boolean;
  /** The reason that a companion passed to `stop`, if it killed the process. */
  stopped?: string;
}

/**
 * Runs a process in its own process group. The group is killed, and `killRest` of the companion is called, at the
 * timeout, when the signal aborts, and when the process has ended. Stops reading output 1 s after the end of the
 * process, even if another process still has the pipes open.
 * @throws the signal's abort reason, unless the signal times out while the process is running
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessResult> {
  const { timeoutMs, mask, signal } = request;
  signal.throwIfAborted();
  const began = performance.now();
  const child = start(request);
  let companion: Companion = {};
  let stopped: string | undefined;
  const kill = () => {
    killGroup(child);
    companion.killRest?.();
  };
  if (child.pid !== undefined) {
    companion =
      request.accompany?.(child.pid, (why) => {
        stopped ??= why;
        kill();
      }) ?? {};
  }
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  signal.addEventListener('abort', kill, { once: true });
  process.once('exit', kill);
  try {
    const texts = outputsOf(child).map((stream) => keepText(stream, mask));
    const exitCode = await ended(child, kill);
    const [stdout = '', stderr = '', result = ''] = await Promise.all(texts);
    if (!isTimeout(signal)) signal.throwIfAborted();
    else if (exitCode === null) timedOut = true;
    const durationMs = Math.round(performance.now() - began);
    return { exitCode, stdout, stderr, result, durationMs, timedOut, ...(stopped !== undefined && { stopped }) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    process.off('exit', kill);
    companion.end?.();
  }
}

function start({ command, args, env, cwd, user, stdin, inputs = [], enter }: ProcessRequest): ChildProcess {
  const pipes = ['pipe', 'pipe', 'pipe', 'pipe', ...inputs.map(() => 'pipe')] as 'pipe'[];
  const [program = '', ...rest] = enter === undefined ? [command, ...args] : entering(pipes.length, [command, ...args]);
  const child = spawn(program, rest, {
    ...{ env, cwd, detached: true, stdio: enter === undefined ? pipes : [...pipes, enter] },
    ...(user === undefined ? {} : { uid: user, gid: user }),
  });
  [stdin, ...inputs].forEach((content, index) => {
    const stream = (index === 0 ? child.stdin : child.stdio[3 + index]) as Writable | null;
    // A process that does not read its input closes the pipe. This is not an error.
    stream?.on('error', () => undefined);
    stream?.end(content);
  });
  return child;
}

/**
 * Returns a command that first enters a cgroup through a file descriptor and then closes the descriptor. A process with
 * the open descriptor could move other processes into the cgroup.
 */
function entering(descriptor: number, command: readonly string[]): string[] {
  const script = `echo 0 >&${descriptor} && exec ${descriptor}>&- && exec "$@"`;
  return ['/bin/bash', '--norc', '--noprofile', '-c', script, 'bash', ...command];
}

const outputsOf = (child: ChildProcess): Readable[] => [
  ...[child.stdout, child.stderr, child.stdio[3] as Readable].filter((stream): stream is Readable => stream !== null),
];

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has already ended.
  }
}

/**
 * Calls `kill` when the process has ended. Resolves with the exit code, or with null if a signal ended the process.
 * Waits up to `DRAIN_MS` after the end of the process for its pipes to close.
 */
function ended(child: ChildProcess, kill: () => void): Promise<number | null> {
  return new Promise((resolve, reject) => {
    let drain: NodeJS.Timeout | undefined;
    child.once('error', reject);
    child.once('exit', () => {
      // Its child processes must not outlive the process.
      kill();
      drain = setTimeout(() => child.stdio.forEach((stream) => stream?.destroy()), DRAIN_MS);
    });
    child.once('close', (code) => {
      clearTimeout(drain);
      resolve(code);
    });
  });
}
