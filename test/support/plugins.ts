import type { Plugin } from '../../src/providers/contract';
import { createEgress } from '../../src/providers/egress/egress';
import { createPlugins } from '../../src/providers/plugins';

/** All built-in plugins, allowed to call this machine. */
export function testPlugins(): readonly Plugin[] {
  return createPlugins({ egress: createEgress({ allow: ['127.0.0.1'] }) });
}
