import { z } from 'zod';
import {
  createGroup,
  deleteGroup,
  getGroup,
  GroupPatch,
  listGroups,
  NewGroup,
  updateGroup,
} from '../../providers/catalog/groups';
import type { Route } from '../http/route';
import { Timestamp } from '../http/values';
import { domainResourceRoutes } from './domain-resource';
import type { DomainDeps } from './systems';

const GroupAnswer = z
  .object({
    id: z.string(),
    name: z.string(),
    metadata: z.record(z.string(), z.unknown()),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'SystemGroup' });

/** Groups of systems. */
export function systemGroupRoutes(deps: DomainDeps): Route[] {
  return domainResourceRoutes(deps, {
    ...{ path: '/system-groups', operations: 'system-groups', tag: 'Systems', singular: 'group' },
    ...{ newSchema: NewGroup, patchSchema: GroupPatch, answer: GroupAnswer },
    toAnswer: ({ createdAt, updatedAt, ...rest }) => ({
      ...rest,
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
    }),
    ...{ list: listGroups, get: getGroup, create: createGroup, update: updateGroup, remove: deleteGroup },
  });
}
