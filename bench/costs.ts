import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** Milliseconds per tick, the unit of CPU time in `/proc/PID/stat`. USER_HZ is 100 on every Linux that Node runs on. */
const TICK_MS = 10;
/**
 * Milliseconds to wait before counters are read. Postgres publishes a session's counters once the session has been idle
 * for a second.
 */
const STATISTICS_MS = 1_500;

/** Resources used since the processes started. */
export interface Usage {
  /** CPU time in milliseconds by `process`. For Node processes, also by `process / thread`. */
  cpuMs: ReadonlyMap<string, number>;
  /** Number of times that Postgres executed each statement. */
  statements: ReadonlyMap<string, number>;
  commits: number;
  /** Number of requests from the worker to Temporal, by operation. */
  requests: ReadonlyMap<string, number>;
  /** Number of eager starts, which hand the worker the first workflow task immediately. `starts` counts all starts. */
  eagerStarts: number;
  starts: number;
}

/** A process as listed in `/proc`. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  command: string;
}

/** Returns all descendants of a process, by pid. */
export function descendants(processes: readonly ProcessEntry[], root: number): ProcessEntry[] {
  const found = new Set([root]);
  // A child may have a smaller pid than its parent, so repeat until nothing is added.
  for (let before = 0; before !== found.size;) {
    before = found.size;
    for (const { pid, parent } of processes) if (found.has(parent)) found.add(pid);
  }
  return processes.filter(({ pid }) => pid !== root && found.has(pid));
}

/** Returns the name under which the CPU time of a process is listed. */
export function nameOf(command: string): string {
  if (command.startsWith('postgres') || command.includes('/bin/postgres')) return 'Postgres';
  if (command.includes('start-dev')) return 'Temporal';
  if (command.includes('best-worker')) return 'worker of the engine at its best';
  if (command.includes('raw-engine')) return 'worker of the raw engine';
  const fermata = /cli\/main\.js (\S+)/.exec(command);
  return fermata?.[1] === undefined ? 'others' : `fermata ${fermata[1]}`;
}

/** Returns the CPU time of this process's descendants. */
export function cpuUsage(): Map<string, number> {
  const usage = new Map<string, number>();
  const add = (name: string, ms: number) => usage.set(name, (usage.get(name) ?? 0) + ms);
  for (const { pid, command } of descendants(listProcesses(), process.pid)) {
    const name = nameOf(command);
    add(name, cpuMsOf(`/proc/${pid}/stat`));
    if (!name.includes('fermata') && !name.includes('worker')) continue;
    for (const thread of entries(`/proc/${pid}/task`)) {
      add(`${name} / ${threadName(pid, thread)}`, cpuMsOf(`/proc/${pid}/task/${thread}/stat`));
    }
  }
  return usage;
}

/** Returns the counters of one database. The server must have `pg_stat_statements`. */
export async function databaseUsage(url: string): Promise<Pick<Usage, 'statements' | 'commits'>> {
  await sleep(STATISTICS_MS);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('create extension if not exists pg_stat_statements');
    const statements = await client.query<{ query: string; calls: string }>(
      `select regexp_replace(query, '\\s+', ' ', 'g') as query, calls from pg_stat_statements s
       join pg_database d on d.oid = s.dbid where d.datname = current_database()`,
    );
    const { rows } = await client.query<{ xact_commit: string }>(
      `select xact_commit from pg_stat_database where datname = current_database()`,
    );
    return {
      statements: statements.rows.reduce(
        // Several rows may have the same text, e.g. if different users execute it.
        (sums, { query, calls }) => sums.set(query, (sums.get(query) ?? 0) + Number(calls)),
        new Map<string, number>(),
      ),
      commits: Number(rows[0]?.xact_commit ?? 0),
    };
  } finally {
    await client.end();
  }
}

/** Renders the average cost of a run as lines of text. `count` runs were executed between the two readings. */
export function renderCosts(title: string, count: number, before: Usage, after: Usage): string {
  const each = (value: number) => (value / count).toFixed(2).padStart(9);
  const differences = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>) =>
    [...b]
      .map(([name, value]) => [name, value - (a.get(name) ?? 0)] as const)
      .filter(([, value]) => value / count >= 0.05)
      .toSorted(([a], [b]) => a.localeCompare(b));
  const starts = after.starts - before.starts;
  return [
    `${title}: each of ${count} runs`,
    ...differences(before.cpuMs, after.cpuMs).map(([name, ms]) => `${each(ms)} ms CPU  ${name}`),
    `${each(sum(after.statements) - sum(before.statements))} statements`,
    ...differences(before.statements, after.statements).map(
      ([text, value]) => `${each(value)}   ${text.slice(0, 150)}`,
    ),
    `${each(after.commits - before.commits)} commits`,
    ...differences(before.requests, after.requests).map(([name, value]) => `${each(value)} requests  ${name}`),
    ...(starts > 0 ? [`${each(after.eagerStarts - before.eagerStarts)} eager starts`] : []),
  ].join('\n');
}

const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((total, count) => total + count, 0);

function listProcesses(): ProcessEntry[] {
  return entries('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const fields = statOf(`/proc/${name}/stat`);
      if (fields === undefined) return [];
      const command = read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim();
      return [{ pid: Number(name), parent: Number(fields[1]), command }];
    });
}

/**
 * Returns the fields of a `stat` file, starting with the third field (state, parent, …). The second field is in
 * parentheses and may contain spaces. Returns undefined if the process or thread has ended.
 */
function statOf(path: string): string[] | undefined {
  const text = read(path);
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/**
 * Returns the CPU time of a process or thread in milliseconds: utime and stime (fields 14 and 15). The time of a
 * process includes that of its ended children, cutime and cstime (fields 16 and 17).
 */
function cpuMsOf(path: string): number {
  const fields = statOf(path) ?? [];
  return fields.slice(11, path.includes('/task/') ? 13 : 15).reduce((sum, field) => sum + Number(field), 0) * TICK_MS;
}

/**
 * Returns the name of a thread. Node does not name its threads, but the busiest `Node thread` of a worker is the thread
 * that runs workflows. Threads of the native core have names.
 */
function threadName(pid: number, thread: string): string {
  if (Number(thread) === pid) return 'main thread';
  const name = read(`/proc/${pid}/task/${thread}/comm`).trim();
  return name === 'node' ? `Node thread ${thread}` : name.replace(/[-\d]+$/, '');
}

/** Returns the contents of a file, or an empty string if the process has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
