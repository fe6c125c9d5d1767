import { readFileSync } from 'node:fs';

/**
 * Returns the resident memory of a process in MB (2^20 bytes), read from /proc.
 * @throws {Error} on systems without /proc
 */
export function residentMb(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!found) throw new Error(`/proc/${pid}/status has no VmRSS`);
  return Number(found[1]) / 1024;
}
