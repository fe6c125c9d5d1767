import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Mask } from '../../domain/secrets/mask-values';

/** Most that is kept of each of standard output, standard error and the result, in bytes. */
const OUTPUT_LIMIT = 1_048_576;
/** Read beyond it, so that a secret across the cut is whole when it is masked: more than any form of the longest secret. */
const BEYOND = 1_048_576;
const PREFIX = 'fermata-script-';

/** A process to run to its end. */
export interface ProcessRequest {
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd?: string;
  /** User and group to run as; only root can choose. */
  user?: number | undefined;
  stdin: string;
  timeoutMs: number;
  /** Hides secrets in an output that has to be cut; the others are masked by whoever gets them. */
  mask: Mask;
  /** Ends it early; its reason is then thrown. */
  signal: AbortSignal;
}

/** How a process ended. */
export interface ProcessResult {
  /** null = it was killed. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** What it wrote to its file descriptor 3. */
  result: string;
  durationMs: number;
  timedOut: boolean;
}

/** Runs a process in a group of its own, which is killed whole at the timeout or when the signal aborts. */
export async function runProcess(request: ProcessRequest): Promise<ProcessResult> {
  const { command, args, env, cwd, user, stdin, timeoutMs, mask, signal } = request;
  signal.throwIfAborted();
  const began = performance.now();
  const child = spawn(command, [...args], {
    ...{ env, cwd, detached: true, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] },
    ...(user === undefined ? {} : { uid: user, gid: user }),
  });
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group has ended by itself.
    }
  };
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  signal.addEventListener('abort', kill, { once: true });
  process.once('exit', kill);
  try {
    const texts = [child.stdout, child.stderr, child.stdio[3] as Readable].map((stream) =>
      kept(stream as Readable, mask),
    );
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code));
    });
    // Who does not read its input closes it.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(stdin);
    const exitCode = await ended;
    signal.throwIfAborted();
    const [stdout = '', stderr = '', result = ''] = await Promise.all(texts);
    return { exitCode, stdout, stderr, result, durationMs: Math.round(performance.now() - began), timedOut };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    process.off('exit', kill);
    // What it left running in its group must not go on without it.
    kill();
  }
}

/** The text of a stream, as far as it is kept; the rest is read and dropped, so that nobody waits for a full pipe. */
async function kept(stream: Readable, mask: Mask): Promise<string> {
  const chunks: Buffer[] = [];
  const most = OUTPUT_LIMIT + BEYOND;
  let size = 0;
  try {
    for await (const chunk of stream) {
      const bytes = chunk as Buffer;
      if (size < most) chunks.push(bytes.subarray(0, most - size));
      size += bytes.length;
    }
  } catch {
    // Killed while it wrote.
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (size <= OUTPUT_LIMIT) return text;
  const note = `\n[… cut: there were ${size} bytes]`;
  return `${Buffer.from(mask(text))
    .subarray(0, OUTPUT_LIMIT - Buffer.byteLength(note))
    .toString('utf8')
    .replace(/\uFFFD$/, '')}${note}`;
}

/** A private directory for one script, removed afterwards; those of processes that died are removed with the next. */
export async function withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  await sweep();
  const directory = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

let swept = false;

async function sweep(): Promise<void> {
  if (swept) return;
  swept = true;
  for (const name of await readdir(tmpdir())) {
    const owner = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner)))
      await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
