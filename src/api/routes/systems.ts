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
import { HealthStatus } from '../../domains/healthcheck/health-status';
import { lockEdges } from '../../domains/dependency/lock-edges';
import type { SystemRemovedHook } from '../../integrations/contract';
import type { Route } from '../http/route';
import { SystemIds, Timestamp } from '../http/values';
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

const HealthQuery = z
  .string()
  .transform((text) => text.split(',').map((status) => status.trim()))
  .pipe(z.array(HealthStatus).min(1));

/**
 * Returns the routes for the system catalogue. Removing a system also removes its checks, health, dependencies and
 * objectives.
 */
export function systemRoutes(deps: DomainDeps & { systemRemovedHooks: readonly SystemRemovedHook[] }): Route[] {
  return domainResourceRoutes(deps, {
    ...{ path: '/systems', operations: 'systems', tag: 'Systems', one: 'a system', many: 'systems' },
    ...{ newSchema: NewSystem, patchSchema: SystemPatch, answer: SystemAnswer },
    query: {
      q: z.string().min(1).max(200).optional().describe('Part of id or name'),
      systemIds: SystemIds.optional(),
      health: HealthQuery.optional().describe('One or more statuses of health, comma-separated'),
    },
    toAnswer: ({ createdAt, updatedAt, ...rest }) => ({
      ...rest,
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
    }),
    ...BY_CREATION,
    list: (db, page, { q, health, systemIds }) => listSystems(db, { ...page, q, health, ids: systemIds }),
    lockFirst: lockEdges,
    ...{ get: getSystem, lock: lockSystem, create: createSystem, update: updateSystem },
    remove: (write, id) => deleteSystem(write, id, deps.systemRemovedHooks),
  });
}
