import { z } from 'zod';
import {
  createSystem,
  deleteSystem,
  getSystem,
  listSystems,
  lockSystem,
  NewSystem,
  SystemPatch,
  updateSystem,
} from '../../domains/catalog/systems';
import { lockEdges } from '../../domains/dependency/lock-edges';
import type { SystemRemovedHook } from '../../integrations/contract';
import type { Route } from '../http/route';
import { Timestamp } from '../http/values';
import { BY_CREATION, domainResourceRoutes, type DomainDeps } from './domain-resource';

const SystemAnswer = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()),
    groupIds: z.array(z.string()),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'System' });

/**
 * Returns the routes of the system catalogue. Removing a system also removes its checks, health, dependencies and
 * objectives.
 */
export function systemRoutes(deps: DomainDeps & { systemRemovedHooks: readonly SystemRemovedHook[] }): Route[] {
  return domainResourceRoutes(deps, {
    ...{ path: '/systems', operations: 'systems', tag: 'Systems', one: 'a system', many: 'systems' },
    ...{ newSchema: NewSystem, patchSchema: SystemPatch, answer: SystemAnswer },
    query: { q: z.string().min(1).max(200).optional().describe('Part of id or name') },
    toAnswer: ({ createdAt, updatedAt, ...rest }) => ({
      ...rest,
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
    }),
    ...BY_CREATION,
    list: (db, page, { q }) => listSystems(db, { ...page, q }),
    lockFirst: lockEdges,
    ...{ get: getSystem, lock: lockSystem, create: createSystem, update: updateSystem },
    remove: (write, id) => deleteSystem(write, id, deps.systemRemovedHooks),
  });
}
