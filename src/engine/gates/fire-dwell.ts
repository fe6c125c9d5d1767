import { sql } from 'drizzle-orm';
import type { Database } from '../../db/client';
import type { Executor } from '../../db/executor';
import { insertRoutings } from '../../db/routings';
import { dropDwell, lockArmedDwell, restDwell, unroutedOf } from '../../db/dwells';
import type { Clock } from '../../domain/clock';
import type { FireAnswer } from '../../domain/gates/dwell-messages';
import { dwellGateId } from '../../domain/gates/gate-id';
import { dwellReason, spendAndEvaluate, reportMissed, type DwellDeps } from './dwell';
import { holdsNow, isMissed } from './dwell-cause';
import { refused } from './gates';
import type { IndexFollower } from '../index-follower';
import type { Survivor, SurvivorDeps } from './survivors';
import { admitAll, carryOut, releaseSlots, routingsOf, type AdmissionDecisions } from '../start/admission';

export interface FireDeps extends DwellDeps, SurvivorDeps {
  database: Database;
  follower: IndexFollower;
  clock: Clock;
  failpoint: (name: string) => Promise<void> | void;
}

/** Records the outcome for the change that armed the dwell, in the same transaction. Returns the outcome. */
async function noted(
  { keepsRoutings }: FireDeps,
  tx: Executor,
  decided: AdmissionDecisions,
): Promise<AdmissionDecisions> {
  if (keepsRoutings) await insertRoutings(tx, routingsOf(decided));
  return decided;
}

/** Milliseconds until the timer tries again when changes from before the deadline have not been routed yet. */
const ROUTING_MS = 100;
/**
 * Milliseconds until the timer tries again when this worker does not know the dwell's trigger. Another worker may then
 * handle it.
 */
const UNKNOWN_MS = 2_000;

/**
 * Fires a dwell that is due. The dwell fires at most once, however often this is called, because its row is locked, and
 * spent in the transaction that admits the run. It fires only when every change of its entity from before the deadline
 * has been routed. The cause has then held without a gap, because routing a change that contradicts the cause ends the
 * dwell.
 */
export async function fireDwell(deps: FireDeps, dwellId: string): Promise<FireAnswer> {
  const { database, follower, clock } = deps;
  const revision = await database.db.execute<{ revision: string }>(sql`select revision from definition_revision`);
  await follower.catchUp(Number(revision.rows[0]?.revision ?? 0));
  const survivors: Survivor[] = [];
  const outcome = await database.db
    .transaction(async (tx): Promise<FireAnswer | AdmissionDecisions> => {
      const dwell = await lockArmedDwell(tx, dwellId);
      if (dwell === null) return { done: true };
      const now = clock.now();
      const early = dwell.firesAt.getTime() - now.getTime();
      if (early > 0) return { done: false, againInMs: early };
      // Another worker, which has the trigger's type and the filters, fires the dwell.
      if (deps.index.isUnknown(dwell.automationId, dwell.triggerId)) return { done: false, againInMs: UNKNOWN_MS };
      const candidate = deps.index.find(dwell.automationId, dwell.triggerId);
      if (!candidate?.type.holds || dwellGateId(candidate.trigger) !== dwell.gate) {
        await dropDwell(tx, dwell);
        return { done: true };
      }
      const unrouted = await unroutedOf(tx, dwell.entity, dwell.firesAt);
      if (unrouted.before) return { done: false, againInMs: ROUTING_MS };
      const payload = (dwell.trigger['payload'] ?? {}) as Record<string, unknown>;
      const cause = { entity: dwell.entity, payload, config: dwell.config };
      // Only a change that was set aside can have ended the cause without ending the dwell.
      if (!unrouted.any && (await holdsNow(deps, tx, candidate.type.holds, cause)) === false) {
        await restDwell(tx, dwell);
        const refusal = refused('dwell_cancelled', 'The cause no longer holds.');
        return noted(deps, tx, { admissions: [], reasons: [dwellReason(dwell, candidate, refusal)] });
      }
      if (
        isMissed(candidate.trigger, dwell, now) &&
        (await holdsNow(deps, tx, candidate.type.holds, cause)) === false
      ) {
        return { admissions: [], reasons: [await reportMissed(tx, dwell, candidate)] };
      }
      const verdict = await spendAndEvaluate(deps, tx, dwell, candidate, now);
      if (!('request' in verdict)) return noted(deps, tx, { admissions: [], reasons: [verdict] });
      survivors.push(verdict);
      return noted(deps, tx, { admissions: await admitAll(deps, tx, survivors), reasons: [] });
    })
    .catch((error: unknown) => {
      releaseSlots(deps, survivors);
      throw error;
    });
  if ('done' in outcome) return outcome;
  await deps.failpoint('after-dwell-fired');
  carryOut(deps, outcome);
  return { done: true };
}
