import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The program to start, and the receivers of its output. */
export interface ChildOptions {
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  /**
   * Receives messages from the child over a channel. When this process dies, the channel closes, and the child should
   * then exit.
   */
  onMessage?: (message: unknown) => void;
  /** Receives each line of the child's standard output and error. */
  onLine: (line: string) => void;
}

/** How a process ended. */
export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A child process. */
export interface Child {
  readonly pid: number;
  readonly running: boolean;
  /** Resolves when the process has ended for any reason. */
  readonly exited: Promise<ChildExit>;
  signal(signal: NodeJS.Signals): void;
  /**
   * Sends `signal`, and kills the process if it has not ended after `graceMs` milliseconds. Resolves when the process
   * has ended.
   */
  stop(signal: NodeJS.Signals, graceMs: number): Promise<ChildExit>;
}

/**
 * Starts a process in a separate process group, so that Ctrl-C in the terminal reaches only this process, which then
 * stops its children in the right order. The child is killed when this process exits without having stopped it, unless
 * this process is itself killed. Rejects when the program cannot be started.
 */
export function startChild(options: ChildOptions): Promise<Child> {
  const { command, args, env = process.env, cwd, uid, gid, onMessage, onLine } = options;
  const child = spawn(command, [...args], {
    env,
    cwd,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    detached: true,
    stdio: onMessage !== undefined ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  });
  const killIt = () => void child.kill('SIGKILL');
  process.once('exit', killIt);
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('exit', (code, signal) => {
      process.off('exit', killIt);
      resolve({ code, signal });
    });
  });
  if (onMessage !== undefined) child.on('message', onMessage);
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', onLine);
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(wrap(child, exited)));
  });
}

function wrap(child: ChildProcess, exited: Promise<ChildExit>): Child {
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid ?? -1,
    get running() {
      return isRunning();
    },
    exited,
    signal: (signal) => void child.kill(signal),
    async stop(signal, graceMs) {
      if (isRunning()) child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      return exited.finally(() => clearTimeout(timer));
    },
  };
}
