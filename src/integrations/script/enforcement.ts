import { NO_MASK } from '../../domain/secrets/mask-values';
import { scriptUser } from './bubblewrap';
import { openCgroupHome } from './cgroup-home';
import { runProcess, type ProcessRequest, type ProcessResult } from './run-process';
import { createScriptCgroup, removeLeftCgroups, type ScriptCgroup } from './script-cgroup';

/** How the limits for a script's memory and processes are enforced. */
export interface Enforcement {
  /**
   * `cgroup`, or `rlimit` for limits per process. In both cases, the total usage of all processes of a script is also
   * checked ten times a second.
   */
  by: 'cgroup' | 'rlimit';
  /** For `cgroup`, the directory. For `rlimit`, the reason why no cgroup is used. */
  detail: string;
}

const TRY_MS = 10_000;

const found = new Map<string, Promise<Enforcement>>();

/**
 * Decides once per process and setting how limits are enforced (see `openCgroupHome`): by a cgroup if one can be used,
 * otherwise by limits per process. First removes the cgroups of crashed processes.
 */
export function findEnforcement(setting: string): Promise<Enforcement> {
  const known = found.get(setting) ?? choose(setting);
  found.set(setting, known);
  return known;
}

async function choose(setting: string): Promise<Enforcement> {
  const home = await openCgroupHome(setting);
  if ('problem' in home) return { by: 'rlimit', detail: home.problem };
  try {
    await removeLeftCgroups(home.directory);
    const cgroup = await createScriptCgroup(home.directory);
    const { exitCode, stderr } = await runInCgroup(cgroup, {
      ...{ command: '/bin/true', args: [], env: {}, user: scriptUser(), stdin: '', timeoutMs: TRY_MS, mask: NO_MASK },
      signal: AbortSignal.timeout(2 * TRY_MS),
    });
    if (exitCode === 0) return { by: 'cgroup', detail: home.directory };
    return { by: 'rlimit', detail: `a process cannot enter a cgroup in ${home.directory}: ${stderr.trim()}` };
  } catch (error) {
    return { by: 'rlimit', detail: error instanceof Error ? error.message : String(error) };
  }
}

/** Runs a process under the limits of a script, in a cgroup if one can be used. */
export async function runLimited(setting: string, request: ProcessRequest): Promise<ProcessResult> {
  const { by, detail } = await findEnforcement(setting);
  return by === 'cgroup' ? runInCgroup(await createScriptCgroup(detail), request) : runProcess(request);
}

async function runInCgroup(cgroup: ScriptCgroup, request: ProcessRequest): Promise<ProcessResult> {
  try {
    const ended = await runProcess({
      ...request,
      enter: cgroup.descriptor,
      accompany(pid, stop) {
        const inner = request.accompany?.(pid, stop);
        return {
          killRest() {
            cgroup.companion.killRest?.();
            inner?.killRest?.();
          },
          end: () => inner?.end?.(),
        };
      },
    });
    const excess = ended.stopped ?? cgroup.excess();
    return { ...ended, ...(excess !== undefined && { stopped: excess }) };
  } finally {
    await cgroup.remove();
  }
}
