import type { Logger } from '../../log';
import type { Enforcement } from './enforcement';
import type { ScriptPolicy } from './sandbox';

/** Logs a warning if the process runs scripts without a sandbox. */
export function warnWithoutSandbox({ sandbox }: ScriptPolicy, log: Logger): void {
  if (sandbox !== 'none') return;
  log.warn(
    'FERMATA_SCRIPT_SANDBOX=none: scripts of automations run WITHOUT a sandbox, with the rights of this process',
  );
}

/** Logs how the process enforces the limits of its scripts. */
export function reportEnforcement({ by, detail }: Enforcement, log: Logger): void {
  if (by === 'cgroup') log.info({ cgroup: detail }, 'memory and processes of scripts are limited by a cgroup');
  else log.info({ why: detail }, 'memory and processes of scripts are limited without a cgroup');
}
