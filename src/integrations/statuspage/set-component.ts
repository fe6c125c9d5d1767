import { z } from 'zod';
import type { CallingAction } from '../contract';
import { StatuspageConnection, type StatuspageClient } from './client';
import { ComponentStatus, Text, TIMEOUT_MS } from './incidents';
import { pageOf, pathOf } from './page';

const Config = z.strictObject({
  connectionId: Text,
  page: Text.optional().describe('Default: the page of the connection'),
  componentId: Text,
  status: ComponentStatus,
});
const Component = z.object({ componentId: z.string(), name: z.string(), status: z.string() });
const Row = z.looseObject({ id: z.string(), name: z.string(), status: z.string() });

/**
 * Creates the action `integration-statuspage.set_component`, which sets the status of a component. A repeated attempt
 * sets the same status.
 */
export function createSetComponent(statuspage: StatuspageClient): CallingAction<z.infer<typeof Config>> {
  return {
    id: 'set_component',
    displayName: 'Set Statuspage component',
    description: 'Sets the status of a component of a status page.',
    configSchema: Config,
    connection: 'statuspage',
    produces: { name: 'component', schema: Component },
    execution: 'call',
    timeoutMs: () => TIMEOUT_MS,
    async execute({ config, connection, now, signal, timeoutMs }) {
      const account = StatuspageConnection.parse(connection);
      const path = pathOf(pageOf(account, config.page), `/components/${encodeURIComponent(config.componentId)}`);
      const request = { method: 'PATCH', path, body: { component: { status: config.status } } } as const;
      const { id, name, status } = await statuspage(account, { now, signal, timeoutMs }, request, Row);
      const artifact = { componentId: id, name, status };
      return { output: artifact, artifact };
    },
  };
}
