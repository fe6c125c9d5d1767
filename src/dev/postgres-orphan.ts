import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess, identityOf } from '../os/process-identity';

/**
 * Frees a data directory. Stops a server whose parent was killed. Removes a `postmaster.pid` whose process id now
 * belongs to another program, which is common after a container restart. Keeps the file of a server that has just died,
 * because Postgres uses it to check whether a session of that server is still writing.
 */
export async function endOrphanedPostgres(dataDir: string, graceMs: number): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const identity = Number.isInteger(pid) && pid > 1 ? identityOf(pid) : undefined;
  if (identity === undefined) return;
  if (isPostgresOn(dataDir, pid)) await endProcess(identity, 'SIGINT', graceMs);
  else rmSync(file, { force: true });
}

function isPostgresOn(dataDir: string, pid: number): boolean {
  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(dataDir);
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).includes('postgres');
  } catch {
    return false;
  }
}
