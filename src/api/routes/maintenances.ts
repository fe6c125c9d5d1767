import { z } from 'zod';
import { MAINTENANCE_STATUSES, MaintenanceStatus } from '../../domains/maintenance/maintenance-entity';
import {
  createMaintenance,
  deleteMaintenance,
  getMaintenance,
  listMaintenances,
  lockMaintenance,
  MaintenancePatch,
  NewMaintenance,
  updateMaintenance,
} from '../../domains/maintenance/maintenances';
import type { Route } from '../http/route';
import { Timestamp } from '../http/values';
import { BY_ID, domainResourceRoutes, type DomainDeps } from './domain-resource';
import { maintenanceUpdateRoutes } from './maintenance-updates';

/** Response schema for a maintenance. */
const MaintenanceAnswer = z
  .object({
    id: z.uuid(),
    title: z.string(),
    description: z.string().nullable(),
    systemIds: z.array(z.string()),
    status: MaintenanceStatus,
    startAt: Timestamp,
    endAt: Timestamp,
    suppressNotifications: z.boolean(),
    createdBy: z.unknown(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'Maintenance' });

const StatusQuery = z
  .string()
  .transform((text) => text.split(',').map((status) => status.trim()))
  .pipe(z.array(z.enum(MAINTENANCE_STATUSES)).min(1));

/** Returns the routes for maintenances. Changing the `status` can end a maintenance early. */
export function maintenanceRoutes(deps: DomainDeps): Route[] {
  return [
    ...domainResourceRoutes(deps, {
      ...{
        path: '/maintenances',
        operations: 'maintenances',
        tag: 'Maintenances',
        one: 'a maintenance',
        many: 'maintenances',
      },
      ...{ newSchema: NewMaintenance, patchSchema: MaintenancePatch, answer: MaintenanceAnswer },
      query: {
        status: StatusQuery.optional().describe('One or more statuses, comma-separated'),
        systemId: z.string().optional(),
      },
      toAnswer: ({ startAt, endAt, createdAt, updatedAt, ...rest }) => ({
        ...rest,
        ...{ startAt: startAt.toISOString(), endAt: endAt.toISOString() },
        ...{ createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() },
      }),
      ...BY_ID,
      list: (db, page, filters) => listMaintenances(db, { ...page, ...filters }),
      ...{ get: getMaintenance, lock: lockMaintenance },
      ...{ create: createMaintenance, update: updateMaintenance, remove: deleteMaintenance },
    }),
    ...maintenanceUpdateRoutes(deps),
  ];
}
