import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What to start. */
export interface ChildOptions {
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  /** Opens a channel for messages from the child; it closes when this process dies, which ends the child. */
  onMessage?: (message: unknown) => void;
  /** Each line of its standard output and error. */
  onLine: (line: string) => void;
}

/** How a process ended. */
export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A process of ours. */
export interface Child {
  readonly pid: number;
  readonly running: boolean;
  /** Resolves when it has ended, whatever the reason. */
  readonly exited: Promise<ChildExit>;
  signal(signal: NodeJS.Signals): void;
  /** Asks with `signal`, kills after `graceMs`; resolves when it has ended. */
  stop(signal: NodeJS.Signals, graceMs: number): Promise<ChildExit>;
}

/**
 * Starts a process in a group of its own, so that Ctrl-C in the terminal reaches us alone and we end our children in the
 * order that is right. It is killed when we exit without having stopped it. Rejects when it cannot be started.
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
