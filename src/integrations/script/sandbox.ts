import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { NO_MASK, type Mask } from '../../domain/secrets/mask-values';
import { ProviderFailure } from '../provider-failure';
import { runProcess, type ProcessResult } from './run-process';

/** How scripts are kept apart from us. */
export interface ScriptPolicy {
  /** `bubblewrap`, or `none`: no sandbox, for who trusts every author. */
  sandbox: 'bubblewrap' | 'none';
  /** Whether a script that asks for the network gets it. */
  network: boolean;
}

/** A command inside the sandbox. */
export interface SandboxedCommand {
  command: readonly string[];
  /** Private directory, with what is needed in it; the script sees it as `/work`. */
  directory: string;
  /** Below it. */
  workingDirectory: string;
  env: Readonly<Record<string, string>>;
  stdin: string;
  network: boolean;
  timeoutMs: number;
  mask: Mask;
  signal: AbortSignal;
  /** Of its address space, in megabytes. */
  memoryMb: number;
}

const LIMITS = { processes: 256, fileMb: 64 } as const;
/** Nobody: never the user that the service runs as. */
const NOBODY = 65_534;
const PATH = '/usr/local/bin:/usr/bin:/bin';
/** Of the system, readable and nothing else. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/etc/alternatives', '/etc/ssl', '/etc/ca-certificates'];
const NAMES = ['/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf'];

/**
 * Root becomes nobody before anything of the script runs, since limits do not hold for root; every other user becomes nobody
 * inside the sandbox.
 */
export const scriptUser = (): number | undefined => (process.getuid?.() === 0 ? NOBODY : undefined);

let usable: Promise<string | null> | undefined;

/** Why bubblewrap cannot be used here, or null; found out by using it, once. */
export function sandboxProblem(): Promise<string | null> {
  return (usable ??= tryBubblewrap());
}

async function tryBubblewrap(): Promise<string | null> {
  const signal = AbortSignal.timeout(10_000);
  try {
    const args = [
      '--ro-bind',
      '/',
      '/',
      '--unshare-all',
      '--die-with-parent',
      '--uid',
      '65534',
      '--gid',
      '65534',
      'true',
    ];
    const env = { PATH: process.env['PATH'] ?? PATH };
    const { exitCode, stderr } = await runProcess({
      ...{ command: 'bwrap', args, env, user: scriptUser(), stdin: '', timeoutMs: 10_000, mask: NO_MASK, signal },
    });
    return exitCode === 0 ? null : `bubblewrap does not work here: ${stderr.trim().slice(0, 300)}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'bubblewrap is not installed' : String(error);
  }
}

/** @throws {ProviderFailure} config_invalid when there is no sandbox, or the network is not allowed */
export async function runSandboxed(policy: ScriptPolicy, request: SandboxedCommand): Promise<ProcessResult> {
  const { network, env, stdin, timeoutMs, mask, signal } = request;
  if (network && !policy.network) {
    throw refusal('The script asks for the network, which FERMATA_SCRIPT_NETWORK does not allow.');
  }
  if (policy.sandbox === 'none') {
    const cwd = `${request.directory}/${request.workingDirectory}`;
    const [command = '', ...args] = limited(request, timeoutMs, policy);
    const own = { PATH, HOME: request.directory, ...env };
    return runProcess({ command, args, env: own, cwd, user: scriptUser(), stdin, timeoutMs, mask, signal });
  }
  const problem = await sandboxProblem();
  if (problem !== null) {
    throw refusal(
      `Scripts are not run here: ${problem}. Install it, or set FERMATA_SCRIPT_SANDBOX=none to run them without.`,
    );
  }
  // Values go by the environment of bwrap itself, never by its arguments, which everybody can read.
  const args = [...bubblewrapArgs(request), '--', ...limited(request, timeoutMs, policy)];
  const own = { PATH, HOME: '/work', ...env };
  return runProcess({ command: 'bwrap', args, env: own, user: scriptUser(), stdin, timeoutMs, mask, signal });
}

const refusal = (message: string) => new ProviderFailure('config_invalid', message, { retryable: false });

function bubblewrapArgs({ directory, workingDirectory, network }: SandboxedCommand): string[] {
  const node = dirname(dirname(process.execPath));
  const readable = [...SYSTEM, ...(network ? NAMES : []), ...(node.startsWith('/usr') ? [] : [node])];
  return [
    ...['--unshare-all', ...(network ? ['--share-net'] : []), '--die-with-parent', '--new-session'],
    ...['--uid', '65534', '--gid', '65534', '--hostname', 'sandbox'],
    ...readable.filter((path) => existsSync(path)).flatMap((path) => ['--ro-bind', path, path]),
    ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--bind', directory, '/work'],
    ...['--chdir', `/work/${workingDirectory}`],
  ];
}

/** Limits of time, processes, files and memory around a command. */
function limited({ command, memoryMb }: SandboxedCommand, timeoutMs: number, { sandbox }: ScriptPolicy): string[] {
  const limits = [
    `ulimit -t ${Math.ceil(timeoutMs / 1_000) + 1}`,
    // Without a namespace of its own the limit would count everything that the user runs.
    ...(sandbox === 'none' ? [] : [`ulimit -u ${LIMITS.processes}`]),
    `ulimit -f ${LIMITS.fileMb * 1_024}`,
    `ulimit -v ${memoryMb * 1_024}`,
    'ulimit -c 0',
  ];
  return ['/bin/bash', '--norc', '--noprofile', '-c', `${limits.join('; ')}; exec "$@"`, 'bash', ...command];
}
