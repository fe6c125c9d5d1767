import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../src/project-root';

/** A process of the built program. */
export interface FermataProcess {
  readonly child: ChildProcess;
  /** Returns what the process has printed so far, limited to the last 5,000,000 characters. */
  output(): string;
  signal(name: NodeJS.Signals): void;
  /**
   * Ends the process and waits until it has exited. SIGTERM, the default, ends it gracefully, and SIGKILL immediately.
   */
  stop(how?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  exited(): boolean;
}

/**
 * Starts `fermata <args>` as a separate process with only the given environment variables, PATH and HOME. `input` is
 * its standard input, and `root` is the directory of another build.
 */
export function startFermata(
  args: readonly string[],
  env: Record<string, string>,
  input?: string,
  root = projectRoot(),
): FermataProcess {
  const main = join(root, 'dist', 'src', 'cli', 'main.js');
  const child = spawn(process.execPath, ['--enable-source-maps', main, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input);
  let output = '';
  const keep = (chunk: Buffer) => (output = (output + chunk.toString('utf8')).slice(-5_000_000));
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const exited = () => child.exitCode !== null || child.signalCode !== null;
  return {
    child,
    output: () => output,
    signal: (name) => void child.kill(name),
    exited,
    async stop(how = 'SIGTERM') {
      if (!exited()) child.kill(how);
      await gone;
    },
  };
}

/** Runs a command until it ends. Kills it after 30 s. */
export async function runFermata(
  args: readonly string[],
  env: Record<string, string>,
  input?: string,
): Promise<{ code: number | null; out: string; err: string }> {
  const { child, stop } = startFermata(args, env, input);
  const printed = { out: '', err: '' };
  child.stdout?.on('data', (chunk: Buffer) => (printed.out += chunk.toString('utf8')));
  child.stderr?.on('data', (chunk: Buffer) => (printed.err += chunk.toString('utf8')));
  const timer = setTimeout(() => void stop('SIGKILL'), 30_000);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { code, ...printed };
}
