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
  /**
   * Called after the transaction when this worker cannot fire a due dwell. `lacking` contains the names that a worker
   * must provide to fire it. It is empty when this worker cannot read the definition of the automation.
   */
  onLeft: (lacking: readonly string[]) => void;
}

/** A dwell that another worker has to fire. */
interface Left {
  lacking: readonly string[];
}

/**
 * Writes the decisions to `routings` under the change that armed the dwell, if routings are kept. Returns the
 * decisions.
 */
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
 * Milliseconds until the timer tries again when this worker cannot fire the dwell. At each attempt, the other workers
 * are notified if one of them may be able to fire the dwell.
 */
const UNKNOWN_MS = 2_000;

/**
 * Fires a dwell that is due. The dwell fires at most once, however often this is called, because its row is locked and
 * is marked as spent in the transaction that admits the run. It fires only when every change of its entity from before
 * the deadline has been routed. The cause has then held without interruption, because routing a change that contradicts
 * the cause ends the dwell. A dwell whose trigger or filters this worker does not have is left to other workers.
 */
export async function fireDwell(deps: FireDeps, dwellId: string): Promise<FireAnswer> {
  const { database, follower, clock } = deps;
  await follower.catchUpNow();
  const survivors: Survivor[] = [];
  const outcome = await database.db
    .transaction(async (tx): Promise<FireAnswer | Left | AdmissionDecisions> => {
      const dwell = await lockArmedDwell(tx, dwellId);
      if (dwell === null) return { done: true };
      const now = clock.now();
      const early = dwell.firesAt.getTime() - now.getTime();
      if (early > 0) return { done: false, againInMs: early };
      const lacking = deps.index.lacking(dwell.automationId, dwell.triggerId);
      if (lacking !== null) return { lacking };
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
        return noted(deps, tx, { admissions: [], reasons: [await reportMissed(tx, dwell, candidate)] });
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
  if ('lacking' in outcome) {
    // The row is no longer locked, so the worker that receives the notification can fire the dwell at once. If this
    // process dies before it notifies, the timer tries again on another worker, and the sweep fires overdue dwells.
    deps.onLeft(outcome.lacking);
    return { done: false, againInMs: UNKNOWN_MS };
  }
  if ('done' in outcome) return outcome;
  await deps.failpoint('after-dwell-fired');
  carryOut(deps, outcome);
  return { done: true };
}
