import type { Egress } from '../../edges/egress/egress';
import { findEnforcement, type Enforcement } from './enforcement';
import { createPackageCache } from './package-cache';
import type { PackageSource } from './packages';
import { runScript, type ScriptRequest } from './run-script';
import { createRuntimeFiles } from './runtime-files';
import type { ScriptPolicy } from './sandbox';
import type { ScriptOutcome } from './script-outcome';
import { createSlots, type SlotLimits } from './slots';

/** Runs the scripts of one process. */
export interface ScriptRunner {
  /**
   * Waits for a free slot and runs a script. A script that fails is a normal outcome.
   * @throws {ProviderFailure} config_invalid, packages_not_ready or overloaded (retryable) when the script cannot be
   * run. Throws the signal's abort reason if the signal aborts.
   */
  run(request: ScriptRequest): Promise<ScriptOutcome>;
  /**
   * Returns how the limits for memory and processes are enforced. The decision is made once, at the first call or
   * before the first script.
   */
  enforcement(): Promise<Enforcement>;
  /** Removes the files that the scripts of this process shared. */
  close(): Promise<void>;
}

/** Dependencies of a script runner. */
export interface ScriptRunnerDeps {
  policy: ScriptPolicy;
  packages: PackageSource;
  /** The guard through which scripts with network access connect. */
  egress: Egress;
  limits: SlotLimits;
}

/** Maximum time in milliseconds that a step waits for a script slot on its worker. */
export const WORKER_WAIT_MS = 300_000;

/** Creates the runner. Writes nothing to disk before the first script needs it. */
export function createScriptRunner({ policy, packages, egress, limits }: ScriptRunnerDeps): ScriptRunner {
  const runtime = createRuntimeFiles();
  const ready = createPackageCache(packages, runtime.root);
  const inSlot = createSlots(limits);
  return {
    run: (request) =>
      inSlot(request.signal, async () =>
        runScript({ policy, egress, runtime }, request, await ready(request.packages)),
      ),
    enforcement: () => findEnforcement(policy.cgroup ?? 'auto'),
    close: () => runtime.close(),
  };
}
