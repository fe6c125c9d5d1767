import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { identityOf, isAlive } from '../os/process-identity';

const Identity = z.object({ pid: z.number().int(), startedAt: z.string() });

const DevState = z.object({
  owner: Identity,
  since: z.string(),
  /** Running parts, in the order in which they were started. */
  children: z.array(Identity.extend({ name: z.string() })),
  /** Addresses of the parts. Empty until everything is ready. */
  urls: z.record(z.string(), z.string()),
});

/**
 * State of a running `fermata dev`, stored in `<home>/dev.json`. The file serves as a lock, and contains the addresses
 * of all parts.
 */
export type DevState = z.infer<typeof DevState>;

/** Thrown when another `fermata dev` uses the same state directory. */
export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
  constructor(readonly state: DevState) {
    const urls = Object.entries(state.urls).map(([name, url]) => `\n  ${name.padEnd(8)} ${url}`);
    super(
      `fermata dev is already running here: process ${state.owner.pid}, since ${state.since}` +
        (urls.length > 0 ? urls.join('') : ' (still starting)') +
        `\nUse that one, or end it with Ctrl-C in its terminal or "kill ${state.owner.pid}".`,
    );
  }
}

/** Returns the state of the `fermata dev` that uses a directory, or undefined if none is running. */
export function readRunningDev(home: string): DevState | undefined {
  const state = read(fileOf(home));
  return state !== undefined && isAlive(state.owner) ? state : undefined;
}

/** The lock of this process on a state directory. */
export interface StateFile {
  /** Processes that a killed `fermata dev` left behind, in the order in which they were started. */
  readonly leftBehind: DevState['children'];
  recordChild(name: string, pid: number): void;
  recordUrls(urls: Record<string, string>): void;
  release(): void;
}

/** Creates a directory for keys and databases that only its owner can read. */
function makePrivate(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
}

/**
 * Takes the lock, even from a process that is no longer running.
 * @throws {AlreadyRunning} when another process holds it
 */
export function acquireStateFile(home: string): StateFile {
  makePrivate(home);
  const file = fileOf(home);
  const leftBehind = takeOver(file);
  const owner = identityOf(process.pid);
  if (owner === undefined) throw new Error('This system does not report when a process was started.');
  const state: DevState = { owner, since: new Date().toISOString(), children: leftBehind, urls: {} };
  const save = () => {
    writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  save();
  return {
    leftBehind,
    recordChild(name, pid) {
      const identity = identityOf(pid);
      const others = state.children.filter((child) => child.name !== name);
      state.children = identity === undefined ? others : [...others, { name, ...identity }];
      save();
    },
    recordUrls(urls) {
      state.urls = urls;
      save();
    },
    release: () => rmSync(file, { force: true }),
  };
}

/**
 * Takes over the state file and returns the processes that its last owner left behind. The file is created exclusively,
 * so that only one of two processes that start at the same time succeeds.
 * @throws {AlreadyRunning} while the last owner is alive
 */
function takeOver(file: string): DevState['children'] {
  let leftBehind: DevState['children'] = [];
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      closeSync(openSync(file, 'wx', 0o600));
      return leftBehind;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const state = read(file);
    if (state !== undefined && isAlive(state.owner)) throw new AlreadyRunning(state);
    leftBehind = state?.children.filter(isAlive) ?? [];
    rmSync(file, { force: true });
  }
  throw new Error(`${file} could not be created: another "fermata dev" is starting.`);
}

function read(file: string): DevState | undefined {
  try {
    return DevState.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

const fileOf = (home: string) => join(home, 'dev.json');
