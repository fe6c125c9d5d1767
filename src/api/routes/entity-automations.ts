import { z } from 'zod';
import type { AutomationRecord, AutomationStore } from '../../db/automation-store';
import type { EntityStore } from '../../db/entity-store';
import type { Executor } from '../../db/executor';
import { createReferenceIndex, type ReferenceKind } from '../automations/references';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, type Route } from '../http/route';
import { resolveKind } from './entities';

/** Number of automations to read at a time. */
const BATCH = 200;

const ReferringAutomation = z
  .object({
    id: z.uuid(),
    name: z.string(),
    group: z.string().nullable(),
    status: z.enum(['enabled', 'disabled']),
    looksAt: z
      .enum(['id', 'any', 'system_of_run'])
      .describe(
        'How the automation refers to the entity: it names the entity, may read any entity of the kind, or reads the system of the run',
      ),
  })
  .meta({ id: 'ReferringAutomation' });

interface Deps {
  db: Executor;
  automations: AutomationStore;
  entities: EntityStore;
}

/** Returns the route that lists the automations that refer to an entity. */
export function entityAutomationRoutes(deps: Deps): Route[] {
  const { referenceKind } = createReferenceIndex();
  return [
    readRoute({
      method: 'get',
      path: '/entities/{kind}/{id}/automations',
      permission: 'automation.read',
      operationId: 'entities.automations',
      tag: 'Entities',
      summary: 'List automations that refer to this entity in expressions, conditions or triggers',
      params: z.object({ kind: z.string().min(1).max(100), id: z.string().min(1).max(512) }),
      query: z.object(PageQuery),
      responses: {
        200: { description: 'A page of automations', schema: pageOf(ReferringAutomation) },
        404: { description: 'Kind not found' },
      },
      async handler({ params, query: { limit, cursor } }) {
        await resolveKind(deps.db, deps.entities, params.kind);
        const found: { record: AutomationRecord; how: ReferenceKind }[] = [];
        for await (const record of allAfter(deps, decodeCursor(IdCursor, cursor))) {
          const how = referenceKind(record, params);
          if (how !== undefined) found.push({ record, how });
          if (found.length > limit) break;
        }
        return json(
          200,
          toPage(
            found,
            limit,
            ({ record: { id, name, group, status }, how }) => ({ id, name, group, status, looksAt: how }),
            ({ record }) => record.id,
          ),
        );
      },
    }),
  ];
}

async function* allAfter({ db, automations }: Deps, start: string | undefined): AsyncGenerator<AutomationRecord> {
  for (let after = start; ;) {
    const batch = await automations.list(db, {}, { limit: BATCH, ...(after === undefined ? {} : { after }) });
    yield* batch;
    if (batch.length < BATCH) return;
    after = batch.at(-1)?.id;
  }
}
