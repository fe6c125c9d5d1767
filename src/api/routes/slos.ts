import { z } from 'zod';
import { createSlo, deleteSlo, getSlo, listSlos, lockSlo, NewSlo, SloPatch, updateSlo } from '../../domains/slo/slos';
import type { Route } from '../http/route';
import { Timestamp } from '../http/values';
import { BY_ID, domainResourceRoutes, type DomainDeps } from './domain-resource';

const SloAnswer = z
  .object({
    id: z.uuid(),
    objectiveId: z.uuid(),
    systemId: z.string(),
    name: z.string(),
    target: z.number().describe('Percent of the time'),
    windowDays: z.int(),
    budgetRemainingPercent: z.number(),
    currentStreak: z.int().describe('Whole days without an outage'),
    bestStreak: z.int(),
    achievements: z.array(z.string()),
    computedAt: Timestamp,
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'Slo' });

/** Objectives for the health of systems. */
export function sloRoutes(deps: DomainDeps): Route[] {
  return domainResourceRoutes(deps, {
    ...{ path: '/slos', operations: 'slos', tag: 'SLOs', singular: 'SLO' },
    ...{ newSchema: NewSlo, patchSchema: SloPatch, answer: SloAnswer, query: {} },
    computed: ['budgetRemainingPercent', 'currentStreak', 'bestStreak', 'achievements', 'computedAt'],
    toAnswer: ({ computeAt: _computeAt, computedAt, createdAt, updatedAt, ...rest }) => ({
      ...rest,
      objectiveId: rest.id,
      computedAt: computedAt.toISOString(),
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
    }),
    ...BY_ID,
    ...{ list: listSlos, get: getSlo, lock: lockSlo, create: createSlo, update: updateSlo, remove: deleteSlo },
  });
}
