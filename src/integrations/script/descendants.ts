import { randomInt, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Companion } from './run-process';

const MARK_NAME = 'FERMATA_SCRIPT_MARK';
/** Linux's default hard limit in bytes for POSIX message queues. A mark must be lower than this process's own limit. */
const MAX_MARK = 819_200;
const ROUNDS = 20;

/** Marks every process of one script that runs without a sandbox. */
export interface ScriptMark {
  env: Readonly<Record<string, string>>;
  /** Hard limit for POSIX message queues (see `limits.ts`). A process keeps it even if it clears its environment. */
  limit: number;
}

/**
 * Creates a mark. Its variable is unique. Its limit is a random number, so another running script may have the same
 * limit by chance.
 */
export function createMark(): ScriptMark {
  const own = Number(/^Max msgqueue size\s+\d+\s+(\d+)/m.exec(read(process.pid, 'limits'))?.[1] ?? MAX_MARK);
  return { env: { [MARK_NAME]: randomUUID() }, limit: randomInt(1, Math.max(2, Math.min(own, MAX_MARK))) };
}

/**
 * Kills every process with the mark, including processes in other sessions and process groups. Repeats this every 20 ms
 * until none is left, at most 20 times, because processes may fork in between. Does nothing without /proc.
 */
export function killMarked(mark: ScriptMark): Companion {
  let isKilling = false;
  return {
    killRest() {
      const isLeft = killOnce(mark);
      if (!isLeft || isKilling) return;
      isKilling = true;
      void (async () => {
        for (let round = 0; round < ROUNDS; round += 1) {
          await pause(20);
          if (!killOnce(mark)) break;
        }
        isKilling = false;
      })();
    },
  };
}

/** Kills the processes that currently have the mark. Returns whether there were any. */
function killOnce(mark: ScriptMark): boolean {
  const marked = processIds().filter((pid) => pid !== process.pid && isMarked(pid, mark));
  for (const pid of marked) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process has already ended.
    }
  }
  return marked.length > 0;
}

function isMarked(pid: number, { env, limit }: ScriptMark): boolean {
  if (/^State:\s+Z/m.test(read(pid, 'status'))) return false;
  const own = new RegExp(`(?:^|\\0)${MARK_NAME}=([^\\0]*)`).exec(read(pid, 'environ'))?.[1];
  if (own !== undefined) return own === env[MARK_NAME];
  return new RegExp(`^Max msgqueue size\\s+\\d+\\s+${limit}\\s`, 'm').test(read(pid, 'limits'));
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
