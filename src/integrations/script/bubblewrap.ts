import { existsSync } from 'node:fs';
import { NO_MASK } from '../../domain/secrets/mask-values';
import { withoutInherited } from './inherited';
import { LIMITS, withLimits, findPrlimit } from './limits';
import { runProcess, type ProcessRequest } from './run-process';
import { seccompFilter } from './seccomp';
import { readableFiles } from './system-files';

/** Paths where distributions install bubblewrap. `PATH` is never searched. */
const BWRAP = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap', '/run/current-system/sw/bin/bwrap'];
/** The user `nobody`. Scripts run as this user when the service runs as root. */
const NOBODY = 65_534;
const MB = 1_048_576;
/** The first file descriptor of `ProcessRequest.inputs`. */
const FIRST_INPUT = 4;
const HOSTS = '127.0.0.1 localhost sandbox\n::1 localhost\n';

/** A file to create in the sandbox. */
export interface GuestFile {
  path: string;
  content: string;
}

/** A host path to mount into the sandbox. */
export interface Mount {
  from: string;
  to: string;
  /** Default: false. */
  isWritable?: boolean;
}

/** What a sandbox runs, and the environment, files and mounts that it provides. */
export interface SandboxContent {
  command: readonly string[];
  /** The complete environment of the script. */
  env: Readonly<Record<string, string>>;
  /**
   * The directory in which the command starts, relative to `/work`. `/work` is private to the script and kept in
   * memory.
   */
  workingDirectory: string;
  files: readonly GuestFile[];
  mounts: readonly Mount[];
  timeoutMs: number;
}

/** The features of bubblewrap and the kernel on this host. */
export interface SandboxAbility {
  bwrap: string;
  /** Whether bubblewrap can also prevent new user namespaces. The seccomp filter always refuses them. */
  disablesUserNamespaces: boolean;
}

/**
 * When the service runs as root, returns the user that runs the scripts, because resource limits do not apply to root.
 * Otherwise returns undefined: scripts run as the service user, which appears as `nobody` inside the sandbox.
 */
export const scriptUser = (): number | undefined => (process.getuid?.() === 0 ? NOBODY : undefined);

/**
 * Returns the bubblewrap process that runs a command in a sandbox. Bubblewrap reads its options from a file descriptor.
 * This keeps the author's variables and the secrets out of its environment, where they could change its behaviour, and
 * out of its command line, which other users can read.
 */
export async function bubblewrapProcess(
  ability: SandboxAbility,
  content: SandboxContent,
): Promise<Pick<ProcessRequest, 'command' | 'args' | 'env' | 'user'> & { inputs: (string | Buffer)[] }> {
  const filter = seccompFilter();
  const files = [{ path: '/etc/hosts', content: HOSTS }, ...content.files];
  const inputs: (string | Buffer)[] = ['', ...(filter === null ? [] : [filter]), ...files.map((file) => file.content)];
  const firstFile = FIRST_INPUT + inputs.length - files.length;
  const args = [
    ...walls(ability),
    ...(filter === null ? [] : ['--seccomp', String(FIRST_INPUT + 1)]),
    ...(await folders(content)),
    ...files.flatMap(({ path }, index) => ['--perms', '0444', '--file', String(firstFile + index), path]),
    ...['--dir', `/work/${content.workingDirectory}`, '--chdir', `/work/${content.workingDirectory}`],
    ...['--remount-ro', '/dev', '--remount-ro', '/', '--clearenv'],
    ...Object.entries(content.env).flatMap(([name, value]) => ['--setenv', name, value]),
  ];
  inputs[0] = args.map((argument) => `${argument}\0`).join('');
  const command = withLimits(withoutInherited(content.command), { timeoutMs: content.timeoutMs, inSandbox: true });
  return {
    command: ability.bwrap,
    args: ['--args', String(FIRST_INPUT), '--', ...command],
    ...{ env: {}, user: scriptUser(), inputs },
  };
}

const walls = ({ disablesUserNamespaces }: SandboxAbility): string[] => [
  ...['--unshare-user', '--unshare-all', ...(disablesUserNamespaces ? ['--disable-userns'] : [])],
  ...['--die-with-parent', '--new-session', '--uid', String(NOBODY), '--gid', String(NOBODY), '--hostname', 'sandbox'],
];

async function folders({ mounts }: SandboxContent): Promise<string[]> {
  const tmpfs = (path: string, megabytes: number) => ['--size', String(megabytes * MB), '--tmpfs', path];
  return [
    ...(await readableFiles()).flatMap((path) => ['--ro-bind', path, path]),
    ...['--proc', '/proc', '--dev', '/dev', ...tmpfs('/dev/shm', LIMITS.tmpMb)],
    ...[...tmpfs('/tmp', LIMITS.tmpMb), ...tmpfs('/work', LIMITS.workMb)],
    ...mounts.flatMap(({ from, to, isWritable = false }) => [isWritable ? '--bind' : '--ro-bind', from, to]),
  ];
}

/** Tests bubblewrap. Returns its features on this host, or the reason why it cannot be used. */
export async function tryBubblewrap(configured: string | undefined): Promise<SandboxAbility | string> {
  const bwrap = configured ?? BWRAP.find((path) => existsSync(path));
  if (bwrap === undefined) return 'bubblewrap is not installed';
  if (!existsSync(bwrap)) return `${bwrap} not found`;
  if (findPrlimit() === undefined) return 'prlimit (of util-linux) is not installed';
  if (seccompFilter() === null) return `no list of system calls for ${process.arch}`;
  let problem = '';
  for (const disablesUserNamespaces of [true, false]) {
    const ability = { bwrap, disablesUserNamespaces };
    problem = await problemWith(ability);
    if (problem === '') return ability;
  }
  return `bubblewrap does not work here: ${problem}`;
}

async function problemWith(ability: SandboxAbility): Promise<string> {
  const timeoutMs = 10_000;
  const content = { command: ['/bin/true'], env: {}, workingDirectory: '', files: [], mounts: [], timeoutMs };
  try {
    const { exitCode, stderr } = await runProcess({
      ...(await bubblewrapProcess(ability, content)),
      ...{ stdin: '', timeoutMs, mask: NO_MASK, signal: AbortSignal.timeout(2 * timeoutMs) },
    });
    return exitCode === 0 ? '' : stderr.trim().slice(0, 300) || `exit code ${exitCode}`;
  } catch (error) {
    return String(error);
  }
}
