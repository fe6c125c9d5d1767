import { z } from 'zod';
import type { ConnectionCall, ConnectionType, Option } from '../connections/connection-type';
import { StatuspageConnection, type StatuspageClient } from './client';
import { pageOf, pathOf } from './page';

const Page = z.looseObject({ id: z.string(), name: z.string() });
const Component = z.looseObject({ id: z.string(), name: z.string(), group: z.boolean().nullish() });
const Incident = z.looseObject({ id: z.string(), name: z.string() });

/**
 * Creates the connection type `statuspage`. If no page is configured, its test reads the pages that the key can access.
 */
export function createStatuspageConnectionType(statuspage: StatuspageClient): ConnectionType<StatuspageConnection> {
  const pages = (config: StatuspageConnection, call: ConnectionCall) =>
    statuspage(config, call, { method: 'GET', path: '/pages' }, z.array(Page));
  const listed = async <T extends { id: string; name: string }>(
    [config, given, call]: [StatuspageConnection, Readonly<Record<string, string>>, ConnectionCall],
    { path, answer }: { path: string; answer: z.ZodType<T[]> },
  ): Promise<T[]> =>
    statuspage(config, call, { method: 'GET', path: pathOf(pageOf(config, given['page']), path) }, answer);
  const toOptions = (found: readonly { id: string; name: string }[]): Option[] =>
    found.map(({ id, name }) => ({ value: id, label: name }));
  return {
    id: 'statuspage',
    displayName: 'Statuspage',
    configSchema: StatuspageConnection,
    addressFields: ['baseUrl'],
    async test(config, call) {
      if (config.page === undefined) return `Connected; ${(await pages(config, call)).length} pages.`;
      const { name } = await statuspage(config, call, { method: 'GET', path: pathOf(config.page, '') }, Page);
      return `Connected to the page ${name}.`;
    },
    options: {
      page: async (config, _given, call) => toOptions(await pages(config, call)),
      async componentId(...args) {
        // Read only one page of components, because Statuspage limits the rate of requests. Groups are left out: their
        // status is derived from their components.
        const found = await listed(args, { path: '/components?page=1&per_page=100', answer: z.array(Component) });
        return toOptions(found.filter(({ group }) => group !== true));
      },
      incidentId: async (...args) =>
        toOptions(await listed(args, { path: '/incidents/unresolved?page=1&per_page=100', answer: z.array(Incident) })),
    },
  };
}
