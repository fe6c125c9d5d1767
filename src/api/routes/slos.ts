import { z } from 'zod';
import {
  burnDown,
  createSlo,
  deleteSlo,
  getSlo,
  listSlos,
  lockSlo,
  NewSlo,
  SloPatch,
  updateSlo,
} from '../../domains/slo/slos';
import { json, readRoute, type Route } from '../http/route';
import { IdParams, notFound, Timestamp, uuidOrNotFound } from '../http/values';
import { BY_ID, domainResourceRoutes, type DomainDeps } from './domain-resource';

const SloAnswer = z
  .object({
    id: z.uuid(),
    objectiveId: z.uuid(),
    systemId: z.string(),
    name: z.string(),
    target: z.number().describe('Target in percent of the time'),
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

/** Returns the routes for service level objectives, which are based on system health. */
export function sloRoutes(deps: DomainDeps): Route[] {
  return [
    burnDownRoute(deps),
    ...domainResourceRoutes(deps, {
      ...{ path: '/slos', operations: 'slos', tag: 'SLOs', one: 'an SLO', many: 'SLOs' },
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
    }),
  ];
}

const BurnDownAnswer = z
  .object({
    points: z.array(
      z.object({
        at: Timestamp,
        remainingPercent: z.number().describe('Remaining share of the error budget of the current window'),
      }),
    ),
  })
  .meta({ id: 'SloBurnDown' });

function burnDownRoute({ db, clock }: DomainDeps): Route {
  return readRoute({
    method: 'get',
    path: '/slos/{id}/burn-down',
    permission: 'automation.read',
    operationId: 'slos.burnDown',
    tag: 'SLOs',
    summary: 'Get the remaining error budget from the start of the window to now',
    params: IdParams,
    responses: {
      200: { description: '61 points; the last one is the current budget', schema: BurnDownAnswer },
      404: { description: 'SLO not found' },
    },
    async handler({ params }) {
      const slo = await getSlo(db, uuidOrNotFound(params.id, 'SLO'));
      if (slo === null) throw notFound('SLO', params.id);
      const points = await burnDown(db, slo, clock.now());
      return json(200, { points: points.map(({ at, ...rest }) => ({ at: at.toISOString(), ...rest })) });
    },
  });
}
