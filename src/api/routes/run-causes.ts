import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { retriesOf, runsWithIds, type RunOfChange } from '../../db/runs/runs-of-change';
import type { Clock } from '../../domain/clock';
import type { Registry } from '../../domain/registry/registry';
import { CauseAnswer, RunOfChangeAnswer, toRunOfChange } from '../changes/change-answer';
import { causeChain, effectsOf, causeAnswers, MAX_BELOW, type Effects } from '../changes/causes';
import { json, readRoute, type Route } from '../http/route';
import { IdParams, notFound, Timestamp, uuidOrNotFound } from '../http/values';
import { MAX_RETRIES } from './run-schema';

const NOTHING: Effects = { links: [], more: false };

const RunCauses = z
  .object({
    up: z
      .array(CauseAnswer)
      .describe(
        'This run and the runs that led to it, nearest first, each with the change that started it and, in `from`, the changes from which that change was derived',
      ),
    down: z
      .array(
        CauseAnswer.extend({
          depth: z
            .int()
            .describe('0: written by this run; 1: written by a run that a change of depth 0 started; and so on'),
          runs: z.array(RunOfChangeAnswer).describe('Runs that the change started and that are still kept'),
        }),
      )
      .describe(
        `Changes that were written by this run, by the runs that they started, and so on; at most ${MAX_BELOW}`,
      ),
    more: z.boolean().describe('Whether there are more changes than `down` contains'),
    keptSince: Timestamp.describe('Causes before this time are no longer kept'),
    retries: z.array(RunOfChangeAnswer).describe(`Runs that retry this one, oldest first; at most ${MAX_RETRIES}`),
  })
  .meta({ id: 'RunCauses' });

interface RunCausesDeps {
  db: Executor;
  registry: Registry;
  clock: Clock;
  /** Retention of routings in milliseconds. */
  routingsMs: number;
}

/** Returns the routes for the causes and effects of a run. */
export function runCausesRoutes({ db, registry, clock, routingsMs }: RunCausesDeps): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/runs/{id}/causes',
      permission: 'automation.read',
      operationId: 'runs.causes',
      tag: 'Runs',
      summary: 'Get the causes of a run, the changes that it wrote, and the runs that these started',
      params: IdParams,
      responses: {
        200: { description: 'The chain of causes', schema: RunCauses },
        404: { description: 'Run not found' },
      },
      async handler({ params }) {
        const id = uuidOrNotFound(params.id, 'run');
        const [run] = await runsWithIds(db, [id]);
        if (run === undefined) throw notFound('run', id);
        const [up, { links: down, more }, retries] = await Promise.all([
          causeChain(db, id),
          belowRun(db, run),
          retriesOf(db, id, MAX_RETRIES),
        ]);
        const [toCause, started] = await Promise.all([
          causeAnswers(db, registry, [...up, ...down]),
          runsWithIds(
            db,
            down.flatMap(({ startedRunIds }) => startedRunIds),
          ),
        ]);
        const runs = new Map(started.map((one) => [one.id, one]));
        return json(200, {
          up: up.map(toCause),
          down: down.map((link) => ({
            ...toCause(link),
            depth: link.depth,
            runs: link.startedRunIds.flatMap((runId) => runs.get(runId) ?? []).map(toRunOfChange),
          })),
          more,
          keptSince: new Date(clock.now().getTime() - routingsMs).toISOString(),
          retries: retries.map(toRunOfChange),
        });
      },
    }),
  ];
}

const belowRun = async (db: Executor, { id, startedAt }: RunOfChange): Promise<Effects> =>
  startedAt === null ? NOTHING : effectsOf(db, [id], { since: startedAt });
