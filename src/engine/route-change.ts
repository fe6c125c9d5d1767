import type { Database } from '../db/client';
import type { Executor } from '../db/executor';
import type { Change, Occurrence } from '../domain/entities/change';
import type { Evaluator } from '../evaluation/evaluator';
import { armWhatHolds, endContradicted, holdsNow, type DwellDeps } from './gates/dwell';
import { enterGates, passConditions, refused, type Entered, type Refusal } from './gates/gates';
import { markRouted, type Fenced } from './mark-routed';
import type { Candidate } from './routing-index';
import {
  admitAll,
  conclude,
  survive,
  tell,
  type Decided,
  type Reason,
  type Survivor,
  type SurvivorDeps,
} from './gates/survivors';
import { atWindow, inLockOrder, passWindow, type AtWindow } from './gates/window';

export interface RouteDeps extends SurvivorDeps, DwellDeps {
  database: Database;
  workerId: string;
  evaluator: Evaluator;
  /** A named point where fault tests stop the process; inert otherwise. */
  failpoint: (name: string) => Promise<void> | void;
}

/** A change with those who could care. */
export interface Routed {
  change: Change;
  fence: Fenced;
  candidates: readonly { candidate: Candidate; occurrence: Occurrence }[];
  /** Whether its entity has dwells, or may have by now: the change may end them. */
  hasDwells: boolean;
  /** It was set aside, and a person has put it back: what it tells of may be over by now. */
  isRetried: boolean;
}

/** What is decided in the routing transaction. */
interface Gated {
  survivors: Survivor[];
  windows: AtWindow[];
  dwells: Entered[];
}

/**
 * Routes one change to its candidates. Everything it leaves is one transaction, fenced by the partition's epoch and
 * together with `routed_at`: a redelivered change finds that and does nothing again. Returns false when there is
 * nothing to leave, so that the caller marks it with others in one statement.
 */
export async function routeChange(deps: RouteDeps, routed: Routed): Promise<boolean> {
  const { change, candidates, hasDwells } = routed;
  const gates = { evaluator: deps.evaluator, db: deps.database.db };
  const gated: Gated = { survivors: [], windows: [], dwells: [] };
  for (const { candidate, occurrence } of candidates) {
    const { changeId } = change;
    const entered = await enter(deps, routed, candidate, occurrence);
    if (!entered.passed) tell(deps, { candidate, refusal: entered, changeId });
    else if (candidate.trigger.window) gated.windows.push(await atWindow(gates, entered, candidate.trigger.window));
    else if (candidate.trigger.for !== undefined) gated.dwells.push(entered);
    else {
      const verdict = survive(deps, await passConditions(gates, entered), candidate, changeId);
      if ('request' in verdict) gated.survivors.push(verdict);
      else tell(deps, verdict);
    }
  }
  const { survivors, windows, dwells } = gated;
  if (survivors.length === 0 && windows.length === 0 && dwells.length === 0 && !hasDwells) return false;
  await decide(deps, routed, gated);
  return true;
}

const OVER = refused('config', 'The change was retried, and what it tells of does not hold any more.');

/** Config and filter; of a change that was retried, also whether the state that it tells of is there still. */
async function enter(
  deps: RouteDeps,
  { change, isRetried }: Routed,
  candidate: Candidate,
  occurrence: Occurrence,
): Promise<Entered | Refusal> {
  const { db } = deps.database;
  const entered = await enterGates({ evaluator: deps.evaluator, db }, candidate, occurrence, change);
  const { holds } = candidate.type;
  const { config } = candidate.trigger;
  if (!isRetried || !entered.passed || !holds || holds.refuses?.(config) !== undefined) return entered;
  const { payload } = entered;
  const isOver = (await holdsNow(deps, db, holds, { entity: holds.entity(payload), payload, config })) === false;
  return isOver ? OVER : entered;
}

/**
 * Locks are taken in a fixed order, dwells of the entity, windows, dwells to arm, buckets, and each of them sorted, so that
 * two changes with several candidates cannot wait for each other.
 */
async function decide(deps: RouteDeps, routed: Routed, gated: Gated): Promise<void> {
  const { fence, hasDwells } = routed;
  const decided = await deps.database.db.transaction(async (tx): Promise<(Decided & { armed: boolean }) | null> => {
    const marked = await markRouted(tx, deps.workerId, [fence]);
    if (marked.size === 0) return null;
    const ended = hasDwells ? await endContradicted(deps, tx, routed) : { survivors: [], reasons: [] };
    const counted = await passWindows(deps, tx, gated.windows);
    const arming = await armWhatHolds(deps, tx, [...gated.dwells, ...counted.dwells]);
    return {
      armed: arming.armed,
      admissions: await admitAll(tx, [...ended.survivors, ...gated.survivors, ...counted.survivors]),
      reasons: [...ended.reasons, ...counted.reasons, ...arming.reasons],
    };
  });
  if (decided === null) return;
  await deps.failpoint('after-admit-commit');
  conclude(deps, decided);
  if (decided.armed) deps.onDwellsToStart();
}

/** Counts the arrivals; those whose window fires go through the gates that are left. */
async function passWindows(
  deps: RouteDeps,
  tx: Executor,
  windows: readonly AtWindow[],
): Promise<{ survivors: Survivor[]; dwells: Entered[]; reasons: Reason[] }> {
  const passed: { survivors: Survivor[]; dwells: Entered[]; reasons: Reason[] } = {
    survivors: [],
    dwells: [],
    reasons: [],
  };
  for (const arrival of inLockOrder(windows)) {
    const { entered } = arrival;
    const { candidate, change } = entered;
    const refusal = await passWindow(tx, arrival);
    if (refusal) passed.reasons.push({ candidate, refusal, changeId: change.changeId });
    else if (candidate.trigger.for !== undefined) passed.dwells.push(entered);
    else {
      const gates = { evaluator: deps.evaluator, db: tx };
      const verdict = survive(deps, await passConditions(gates, entered), candidate, change.changeId);
      if ('request' in verdict) passed.survivors.push(verdict);
      else passed.reasons.push(verdict);
    }
  }
  return passed;
}
