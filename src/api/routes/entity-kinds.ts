import { z } from 'zod';
import { CustomKind } from '../../db/entities/entity-kinds';
import { pageOf } from '../http/pagination';
import { sampleOf } from '../../domain/registry/sample';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { notFound } from '../http/values';
import type { EntitiesDeps } from './entities';

const KindAnswer = z
  .object({
    kind: z.string(),
    source: z.enum(['built_in', 'custom']),
    schema: z.record(z.string(), z.unknown()).describe('JSON Schema of the state'),
    description: z.string().nullable(),
    reactive: z.boolean().describe('false: expressions can read the entities, but their changes trigger nothing'),
  })
  .meta({ id: 'EntityKind' });

const KindParams = z.object({ kind: z.string().min(1).max(100) });

/** Returns the routes for entity kinds. */
export function entityKindRoutes({ db, entities }: Pick<EntitiesDeps, 'db' | 'entities'>): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/entity-kinds',
      permission: 'automation.read',
      operationId: 'entityKinds.list',
      tag: 'Entities',
      summary: 'List all entity kinds, built-in and custom',
      responses: { 200: { description: 'All kinds, by name', schema: pageOf(KindAnswer) } },
      handler: async () => json(200, { items: await entities.kinds.list(db), nextCursor: null }),
    }),
    readRoute({
      method: 'get',
      path: '/entity-kinds/{kind}/sample',
      permission: 'automation.read',
      operationId: 'entityKinds.sample',
      tag: 'Entities',
      summary: 'Get an example state of a kind, generated from its schema; instants are RFC 3339',
      params: KindParams,
      responses: {
        200: { description: 'A state', schema: z.object({ state: z.unknown() }) },
        404: { description: 'Kind not found' },
      },
      async handler({ params: { kind } }) {
        const found = (await entities.kinds.list(db)).find((each) => each.kind === kind);
        if (found === undefined) throw notFound('kind', kind);
        return json(200, { state: sampleOf(found.schema) });
      },
    }),
    writeRoute({
      method: 'put',
      path: '/entity-kinds/{kind}',
      permission: 'automation.manage',
      operationId: 'entityKinds.put',
      tag: 'Entities',
      summary: 'Create or replace a custom kind',
      params: KindParams,
      body: CustomKind,
      responses: {
        200: { description: 'The kind', schema: KindAnswer },
        409: { description: 'The name is that of a built-in kind' },
      },
      handler: async ({ params, body, tx }) => json(200, await entities.kinds.put(tx, params.kind, body)),
    }),
  ];
}
