import type { Database } from '../db/client';
import type { Executor } from '../db/executor';
import { insertRoutings, type NewRouting } from '../db/routings';
import type { Change, Occurrence } from '../domain/entities/change';
import type { ConditionSteps, Evaluator } from '../evaluation/evaluator';
import { armWhatHolds, endContradicted, type DwellDeps } from './gates/dwell';
import { holdsNow } from './gates/dwell-cause';
import { enterGates, refused, type EnteredCandidate, type EntryRefusal } from './gates/gates';
import { markRouted, type ChangeFence } from '../db/mark-routed';
import type { Candidate } from './routing-index';
import { reasonFor, toSurvivor, recordRefusal, type Reason, type Survivor, type SurvivorDeps } from './gates/survivors';
import { admitAll, carryOut, releaseSlots, routingsOf, type AdmissionDecisions } from './start/admission';
import { inShares } from './gates/step-shares';
import { atWindow, inLockOrder, passWindow, type AtWindow } from './gates/window';

export interface RouteDeps extends SurvivorDeps, DwellDeps {
  database: Database;
  workerId: string;
  evaluator: Evaluator;
  /** Called at named points where fault tests can stop the process. Has no effect outside of fault tests. */
  failpoint: (name: string) => Promise<void> | void;
}

/** A change and its candidates. */
export interface ChangeCandidates {
  change: Change;
  fence: ChangeFence;
  candidates: readonly { candidate: Candidate; occurrence: Occurrence }[];
  /** Whether the entity has dwells that the change may end, or an earlier change from the same read may arm one. */
  hasDwells: boolean;
  /** Whether the change was set aside and a person has retried it. The state that it reports may no longer hold. */
  isRetried: boolean;
  /** Triggers that the change is routed without, because no worker has the plugins that they need. */
  refusals: readonly Reason[];
  /** Other rows of `routings` for the change: for waits, for disabled triggers, and for its cause. */
  notes: NewRouting[];
}

/** A change whose gates were evaluated, except those gates that need a transaction. */
export interface GatedChange {
  routed: ChangeCandidates;
  /** Candidates that have passed all gates except concurrency. */
  survivors: Survivor[];
  windows: AtWindow[];
  /** Candidates whose cause must hold for some time. */
  dwells: EnteredCandidate[];
  /** Candidates that were refused. */
  reasons: Reason[];
}

type Verdict = { survivor: Survivor } | { window: AtWindow } | { dwell: EnteredCandidate } | { reason: Reason };

/** A candidate and its position among the candidates of its change. */
interface Placed {
  index: number;
  candidate: Candidate;
  occurrence: Occurrence;
}

/**
 * Evaluates config and filter of a change's candidates. For candidates without window and dwell, also evaluates
 * variables and conditions. Reads live state and writes nothing, so it may be repeated. Throws when infrastructure
 * fails, and on bugs; an error of an automation is a refusal. The total number of steps that the expressions of all
 * automations may take is limited, so that they cannot delay other changes (`inShares`).
 */
export async function passGates(deps: RouteDeps, routed: ChangeCandidates): Promise<GatedChange> {
  const groups = byAutomation(routed);
  const shared = await inShares(groups, (group, steps) => verdictsOf(deps, routed, group, steps));
  const verdicts: Verdict[] = [];
  for (const [place, { result, limit }] of shared.entries()) {
    for (const [member, verdict] of result.entries()) {
      const index = groups[place]?.[member]?.index ?? 0;
      verdicts[index] = limit === undefined ? verdict : withLimit(verdict, limit, groups.length);
    }
  }
  const gated: GatedChange = { routed, survivors: [], windows: [], dwells: [], reasons: [...routed.refusals] };
  for (const verdict of verdicts) {
    if ('survivor' in verdict) gated.survivors.push(verdict.survivor);
    else if ('window' in verdict) gated.windows.push(verdict.window);
    else if ('dwell' in verdict) gated.dwells.push(verdict.dwell);
    else gated.reasons.push(verdict.reason);
  }
  return gated;
}

/** Returns the candidates grouped by automation. The candidates of a group share the steps of the automation. */
function byAutomation({ candidates }: ChangeCandidates): Placed[][] {
  const groups = new Map<string, Placed[]>();
  for (const [index, each] of candidates.entries()) {
    const { id } = each.candidate.automation;
    groups.set(id, [...(groups.get(id) ?? []), { index, ...each }]);
  }
  return [...groups.values()];
}

async function verdictsOf(
  deps: RouteDeps,
  routed: ChangeCandidates,
  group: readonly Placed[],
  steps: ConditionSteps,
): Promise<Verdict[]> {
  const gates = { evaluator: deps.evaluator, db: deps.database.db };
  const { changeId } = routed.change;
  const verdicts: Verdict[] = [];
  for (const { candidate, occurrence } of group) {
    const entered = await enter(deps, routed, { candidate, occurrence, steps });
    if (!entered.passed) {
      const { contextKey, ...refusal } = entered;
      verdicts.push({ reason: { candidate, refusal, changeId, contextKey } });
    } else if (candidate.trigger.window)
      verdicts.push({ window: await atWindow(gates, entered, candidate.trigger.window) });
    else if (candidate.trigger.for !== undefined) verdicts.push({ dwell: entered });
    else {
      const verdict = await toSurvivor(gates, entered);
      verdicts.push('request' in verdict ? { survivor: verdict } : { reason: verdict });
    }
  }
  return verdicts;
}

/**
 * Extends the refusal of an automation that used up its share of steps. The added text states how many automations
 * share the steps, and how large this share was.
 */
function withLimit(verdict: Verdict, limit: number, automations: number): Verdict {
  if (!('reason' in verdict)) return verdict;
  const { reason } = verdict;
  const why = `${automations} automations share the steps for this event; this one used up its ${limit}.`;
  const detail = `${reason.refusal.detail.replace(/\.?$/, '.')} ${why}`;
  return { reason: { ...reason, refusal: { ...reason.refusal, detail } } };
}

/** Returns whether a change requires a decision in a transaction. If not, it only has to be marked as routed. */
export function needsDecision({ routed, survivors, windows, dwells }: GatedChange): boolean {
  return routed.hasDwells || survivors.length > 0 || windows.length > 0 || dwells.length > 0;
}

const NO_LONGER_HOLDS = refused('config', 'The change was retried, and the state that it reports no longer holds.');

/**
 * Evaluates config and filter. For a change that was retried, also checks whether the state that it reports still
 * holds.
 */
async function enter(
  deps: RouteDeps,
  { change, isRetried }: ChangeCandidates,
  { candidate, occurrence, steps }: { candidate: Candidate; occurrence: Occurrence; steps: ConditionSteps },
): Promise<EnteredCandidate | EntryRefusal> {
  const { db } = deps.database;
  const entered = await enterGates({ evaluator: deps.evaluator, db }, candidate, occurrence, change, steps);
  const { holds } = candidate.type;
  const { config } = candidate.trigger;
  if (!isRetried || !entered.passed || !holds || holds.refuses?.(config) !== undefined) return entered;
  const { payload } = entered;
  const isOver = (await holdsNow(deps, db, holds, { entity: holds.entity(payload), payload, config })) === false;
  return isOver ? { ...NO_LONGER_HOLDS, contextKey: entered.scope.facts.contextKey } : entered;
}

/**
 * Routes a batch of changes in one transaction, fenced by the epochs of their partitions. `routed_at` is set in the
 * same transaction, so that a change that is read a second time is recognized as routed and has no effect. Changes that
 * another worker has routed, or whose partition another worker has taken over, are left out. Locks are taken in a fixed
 * order (dwells of the entities, windows, dwells to arm, buckets; each sorted), so that two batches cannot deadlock.
 * Under each lock, changes are decided in the given order. Returns how many of the admitted runs have to wait for
 * a slot.
 */
export async function routeBatch(deps: RouteDeps, batch: readonly GatedChange[]): Promise<number> {
  const survivors: Survivor[] = [];
  const decided = await deps.database.db
    .transaction(async (tx): Promise<AdmissionDecisions & { armed: boolean }> => {
      const marked = await markRouted(
        tx,
        deps.workerId,
        batch.map(({ routed }) => routed.fence),
      );
      const mine = batch.filter(({ routed }) => marked.has(routed.fence.seq));
      const ending = mine.filter(({ routed }) => routed.hasDwells).map(({ routed }) => routed);
      const ended = await endContradicted(deps, tx, ending);
      const counted = await passWindows(
        deps,
        tx,
        mine.flatMap(({ windows }) => windows),
      );
      const arming = await armWhatHolds(deps, tx, [...mine.flatMap(({ dwells }) => dwells), ...counted.dwells]);
      survivors.push(...ended.survivors, ...mine.flatMap((gated) => gated.survivors), ...counted.survivors);
      const admissions = await admitAll(deps, tx, survivors);
      const result = {
        armed: arming.armed,
        admissions,
        reasons: [...mine.flatMap(({ reasons }) => reasons), ...ended.reasons, ...counted.reasons, ...arming.reasons],
      };
      if (deps.keepsRoutings)
        await insertRoutings(tx, [...mine.flatMap(({ routed }) => routed.notes), ...routingsOf(result)]);
      await deps.failpoint('before-routing-commit');
      return result;
    })
    .catch((error: unknown) => {
      releaseSlots(deps, survivors);
      throw error;
    });
  if (decided.admissions.length > 0 || decided.reasons.length > 0) await deps.failpoint('after-admit-commit');
  const waiting = carryOut(deps, decided);
  if (decided.armed) deps.onDwellsToStart();
  return waiting;
}

/** Counts the arrivals. Candidates whose window fires continue with the remaining gates. */
async function passWindows(
  deps: RouteDeps,
  tx: Executor,
  windows: readonly AtWindow[],
): Promise<{ survivors: Survivor[]; dwells: EnteredCandidate[]; reasons: Reason[] }> {
  const passed: { survivors: Survivor[]; dwells: EnteredCandidate[]; reasons: Reason[] } = {
    survivors: [],
    dwells: [],
    reasons: [],
  };
  for (const arrival of inLockOrder(windows)) {
    const entered = await passWindow(tx, arrival);
    if (!entered.passed) passed.reasons.push(reasonFor(arrival.entered, entered));
    else if (entered.candidate.trigger.for !== undefined) passed.dwells.push(entered);
    else {
      const gates = { evaluator: deps.evaluator, db: tx };
      const verdict = await toSurvivor(gates, entered);
      if ('request' in verdict) passed.survivors.push(verdict);
      else passed.reasons.push(verdict);
    }
  }
  return passed;
}

/** Reports the refusals of changes that were marked as routed without a decision in a transaction. */
export function recordRefusals(deps: RouteDeps, gated: readonly GatedChange[]): void {
  for (const { reasons } of gated) for (const reason of reasons) recordRefusal(deps, reason);
}
