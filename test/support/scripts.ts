import { createEgress } from '../../src/edges/egress/egress';
import { NO_MASK } from '../../src/domain/secrets/mask-values';
import { noPackages, type PackageSource } from '../../src/integrations/script/packages';
import type { ScriptRequest } from '../../src/integrations/script/run-script';
import type { ScriptPolicy } from '../../src/integrations/script/sandbox';
import type { ScriptOutcome } from '../../src/integrations/script/script-outcome';
import { createScriptRunner } from '../../src/integrations/script/script-runner';

/** Runs scripts as a worker does, but outside a run. */
export interface Scripts {
  shell(script: string, more?: Partial<ScriptRequest>): Promise<ScriptOutcome>;
  node(script: string, more?: Partial<ScriptRequest>): Promise<ScriptOutcome>;
  close(): Promise<void>;
}

export function createScripts(
  policy: Partial<ScriptPolicy> = {},
  { packages = noPackages, allow = [] }: { packages?: PackageSource; allow?: readonly string[] } = {},
): Scripts {
  const egress = createEgress({ allow });
  const runner = createScriptRunner({
    ...{ egress, packages, policy: { sandbox: 'bubblewrap', network: false, ...policy } },
    limits: { atOnce: 8, maxWaiting: 100, waitMs: 60_000 },
  });
  const run =
    (kind: ScriptRequest['kind']) =>
    (script: string, more: Partial<ScriptRequest> = {}) =>
      runner.run({
        ...{ kind, script, env: {}, network: false, packages: [], timeoutMs: 30_000, mask: NO_MASK },
        scope: { trigger: null, artifacts: {}, variables: {}, repeat: null, automation: null },
        signal: AbortSignal.timeout(60_000),
        ...more,
      });
  return {
    shell: run('run_shell'),
    node: run('run_script'),
    async close() {
      await runner.close();
      await egress.close();
    },
  };
}
