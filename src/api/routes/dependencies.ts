import { z } from 'zod';
import {
  createDependency,
  deleteDependency,
  DependencyPatch,
  getDependency,
  ImpactType,
  listDependencies,
  lockDependency,
  NewDependency,
  updateDependency,
} from '../../domains/dependency/dependencies';
import type { Route } from '../http/route';
import { Timestamp } from '../http/values';
import { BY_ID, domainResourceRoutes, type DomainDeps } from './domain-resource';

const DependencyAnswer = z
  .object({
    id: z.uuid(),
    sourceSystemId: z.string().describe('Id of the system that depends on the target'),
    targetSystemId: z.string().describe('Id of the system that the source depends on'),
    impactType: ImpactType,
    transitive: z.boolean(),
    label: z.string().nullable(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'Dependency' });

/** Returns the routes for dependencies. */
export function dependencyRoutes(deps: DomainDeps): Route[] {
  return domainResourceRoutes(deps, {
    ...{
      path: '/dependencies',
      operations: 'dependencies',
      tag: 'Dependencies',
      one: 'a dependency',
      many: 'dependencies',
    },
    ...{ newSchema: NewDependency, patchSchema: DependencyPatch, answer: DependencyAnswer },
    query: { systemId: z.string().optional().describe('Id of a system that is the source or the target') },
    toAnswer: ({ createdAt, updatedAt, ...rest }) => ({
      ...rest,
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
    }),
    ...BY_ID,
    list: (db, page, { systemId }) => listDependencies(db, { ...page, systemId }),
    ...{ get: getDependency, lock: lockDependency },
    ...{ create: createDependency, update: updateDependency, remove: deleteDependency },
  });
}
