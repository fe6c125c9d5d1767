import { z } from 'zod';
import {
  createGroup,
  deleteGroup,
  getGroup,
  GroupPatch,
  listGroups,
  lockGroup,
  NewGroup,
  updateGroup,
} from '../../domains/catalog/groups';
import type { Route } from '../http/route';
import { Timestamp } from '../http/values';
import { BY_CREATION, domainResourceRoutes, type DomainDeps } from './domain-resource';

const GroupAnswer = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'SystemGroup' });

/** Returns the routes for system groups. */
export function systemGroupRoutes(deps: DomainDeps): Route[] {
  return domainResourceRoutes(deps, {
    ...{
      path: '/system-groups',
      operations: 'system-groups',
      tag: 'Systems',
      one: 'a group of systems',
      many: 'groups of systems',
    },
    ...{ newSchema: NewGroup, patchSchema: GroupPatch, answer: GroupAnswer, query: {} },
    toAnswer: ({ createdAt, updatedAt, ...rest }) => ({
      ...rest,
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
    }),
    ...BY_CREATION,
    ...{ list: listGroups, get: getGroup, lock: lockGroup },
    ...{ create: createGroup, update: updateGroup, remove: deleteGroup },
  });
}
