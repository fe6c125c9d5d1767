import { writeFile, mkdir, chown, readdir, cp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Mask } from '../../domain/secrets/mask-values';
import { ProviderFailure } from '../provider-failure';
import { bubblewrapProcess, scriptUser, tryBubblewrap, type Mount, type SandboxAbility } from './bubblewrap';
import { createMark, killMarked } from './descendants';
import { runLimited } from './enforcement';
import { withoutInherited } from './inherited';
import { withLimits } from './limits';
import { watchScript } from './script-watch';
import type { Companion, ProcessResult } from './run-process';
import { withDirectory } from './private-directory';

/** How scripts are isolated from the service. */
export interface ScriptPolicy {
  /** `bubblewrap`, or `none` for installations that trust every author. */
  sandbox: 'bubblewrap' | 'none';
  /** Whether scripts may use the network, if they request it. */
  network: boolean;
  /** Absolute path of bubblewrap. Default: the first of the usual paths that exists. */
  bubblewrap?: string | undefined;
  /** Cgroup that limits the memory and processes of scripts (see `openCgroupHome`). Default: `auto`. */
  cgroup?: string | undefined;
}

/** A command to run in the private directory of one script. */
export interface SandboxedCommand {
  /** Returns the command. `root` is the path of the private directory inside the sandbox. */
  command(root: string): readonly string[];
  /** Working directory, relative to the private directory. */
  workingDirectory: string;
  /** Files to create, by path in the private directory. */
  files: Readonly<Record<string, string>>;
  /**
   * Host directories by path in the private directory. A sandbox mounts them read-only; without a sandbox, they are
   * copied.
   */
  folders: Readonly<Record<string, string>>;
  /** Host paths to mount into a sandbox. Without a sandbox, the paths are used directly. */
  mounts: readonly Mount[];
  env: Readonly<Record<string, string>>;
  stdin: string;
  timeoutMs: number;
  mask: Mask;
  signal: AbortSignal;
}

const PATH = '/usr/local/bin:/usr/bin:/bin';
const WORK = '/work';

const tried = new Map<string, Promise<SandboxAbility | string>>();

function abilityOf(bubblewrap: string | undefined): Promise<SandboxAbility | string> {
  const key = bubblewrap ?? '';
  const known = tried.get(key);
  if (known !== undefined) return known;
  const trying = tryBubblewrap(bubblewrap);
  tried.set(key, trying);
  // Do not cache failures: the machine may have been too busy, or bubblewrap may be installed later.
  void trying.then((ability) => typeof ability === 'string' && tried.delete(key));
  return trying;
}

/**
 * Returns why bubblewrap cannot be used on this host, or null if it can. A successful test of bubblewrap is cached. A
 * failed test is repeated at the next call.
 */
export async function sandboxProblem(bubblewrap?: string): Promise<string | null> {
  const ability = await abilityOf(bubblewrap);
  return typeof ability === 'string' ? ability : null;
}

/**
 * Runs a command in the sandbox that the policy requires.
 * @throws {ProviderFailure} config_invalid when the sandbox is unavailable
 */
export async function runSandboxed(policy: ScriptPolicy, request: SandboxedCommand): Promise<ProcessResult> {
  return policy.sandbox === 'none' ? runUnisolated(policy, request) : runIsolated(policy, request);
}

async function runIsolated(policy: ScriptPolicy, request: SandboxedCommand): Promise<ProcessResult> {
  const ability = await abilityOf(policy.bubblewrap);
  if (typeof ability === 'string') {
    const advice = 'Install it, or set FERMATA_SCRIPT_SANDBOX=none to run scripts without a sandbox.';
    throw new ProviderFailure('config_invalid', `Scripts cannot run here: ${ability}. ${advice}`, {
      retryable: false,
    });
  }
  const { workingDirectory, stdin, timeoutMs, mask, signal } = request;
  const bwrap = await bubblewrapProcess(ability, {
    command: request.command(WORK),
    env: { PATH, HOME: WORK, ...request.env },
    workingDirectory,
    files: Object.entries(request.files).map(([path, content]) => ({ path: `${WORK}/${path}`, content })),
    mounts: [
      ...Object.entries(request.folders).map(([to, from]) => ({ from, to: `${WORK}/${to}` })),
      ...request.mounts,
    ],
    timeoutMs,
  });
  return runLimited(policy.cgroup ?? 'auto', {
    ...{ ...bwrap, stdin, timeoutMs, mask, signal },
    accompany: watchScript,
  });
}

/**
 * Runs a command without a sandbox. Limits still apply, and all processes that the command started are killed when it
 * ends.
 */
function runUnisolated(policy: ScriptPolicy, request: SandboxedCommand): Promise<ProcessResult> {
  const { workingDirectory, stdin, timeoutMs, mask, signal } = request;
  return withDirectory(async (directory) => {
    await mkdir(join(directory, workingDirectory), { recursive: true });
    for (const [path, from] of Object.entries(request.folders))
      await cp(from, join(directory, path), { recursive: true });
    for (const [path, content] of Object.entries(request.files)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), content);
    }
    await give(directory);
    const mark = createMark();
    const [command = '', ...args] = withLimits(withoutInherited(request.command(directory)), {
      ...{ timeoutMs, inSandbox: false, mark: mark.limit },
    });
    return runLimited(policy.cgroup ?? 'auto', {
      ...{ command, args, stdin, timeoutMs, mask, signal, user: scriptUser() },
      env: { PATH, HOME: directory, ...request.env, ...mark.env },
      cwd: join(directory, workingDirectory),
      accompany: (pid, stop) => together(watchScript(pid, stop), killMarked(mark)),
    });
  });
}

const together = (...companions: Companion[]): Companion => ({
  killRest: () => companions.forEach((each) => each.killRest?.()),
  end: () => companions.forEach((each) => each.end?.()),
});

/** If the service runs as root, makes the script user the owner of a directory and its contents. */
async function give(directory: string): Promise<void> {
  const user = scriptUser();
  if (user === undefined) return;
  for (const name of ['', ...(await readdir(directory, { recursive: true }))])
    await chown(join(directory, name), user, user);
}
