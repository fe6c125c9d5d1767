import { chmod, chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scriptUser } from './bubblewrap';

const PREFIX = 'fermata-script-';
const SHARED_PREFIX = 'fermata-runtime-';

/** Runs `work` with a private directory for one script without a sandbox, and removes the directory afterwards. */
export async function withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  await sweep();
  const directory = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Creates a directory for files that all scripts of this process share. Scripts can read the files; only the service
 * can write them.
 */
export async function createSharedDirectory(): Promise<string> {
  await sweep();
  const directory = await mkdtemp(join(tmpdir(), `${SHARED_PREFIX}${process.pid}-`));
  const user = scriptUser();
  if (user !== undefined) {
    await chown(directory, 0, user);
    await chmod(directory, 0o750);
  }
  return directory;
}

let swept: Promise<void> | undefined;

/** Removes the directories of processes that have died. Runs once per process. */
const sweep = (): Promise<void> => (swept ??= removeLeftovers());

async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = new RegExp(`^(?:${PREFIX}|${SHARED_PREFIX})(\\d+)-`).exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner)))
      // The directory may belong to another user, and only that user can remove it.
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
