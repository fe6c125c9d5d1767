import type { Plugin } from '../../src/integrations/contract';
import { createEgress, type Egress } from '../../src/edges/egress/egress';
import { createPlugins } from '../../src/integrations/plugins';
import { noPackages } from '../../src/integrations/script/packages';
import { createScriptRunner, type ScriptRunner } from '../../src/integrations/script/script-runner';

/** Returns all built-in plugins. They may send requests to 127.0.0.1. */
export function testPlugins(): readonly Plugin[] {
  return createPlugins({ egress: createEgress({ allow: ['127.0.0.1'] }) });
}

/** Creates a script runner that uses a sandbox without network and packages. */
export function testScripts(egress: Egress = createEgress({ allow: [] })): ScriptRunner {
  return createScriptRunner({
    ...{ egress, packages: noPackages, policy: { sandbox: 'bubblewrap', network: false } },
    limits: { atOnce: 4, maxWaiting: 16, waitMs: 30_000 },
  });
}
