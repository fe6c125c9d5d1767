import type { Plugin } from '../../src/integrations/contract';
import { createEgress } from '../../src/edges/egress/egress';
import { createPlugins } from '../../src/integrations/plugins';

/** All built-in plugins, allowed to call this machine. */
export function testPlugins(): readonly Plugin[] {
  return createPlugins({ egress: createEgress({ allow: ['127.0.0.1'] }) });
}
