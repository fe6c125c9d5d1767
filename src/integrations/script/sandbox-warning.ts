import type { Logger } from '../../log';
import type { ScriptPolicy } from './sandbox';

/** Says in the log of a process that it runs scripts without a sandbox. */
export function warnWithoutSandbox({ sandbox }: ScriptPolicy, log: Logger): void {
  if (sandbox !== 'none') return;
  log.warn(
    'FERMATA_SCRIPT_SANDBOX=none: scripts of automations run WITHOUT a sandbox, with the rights of this process',
  );
}
