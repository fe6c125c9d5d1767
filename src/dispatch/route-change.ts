import type { Database } from '../db/client';
import type { Executor } from '../db/executor';
import { admitRun, type Admission, type RunRequest } from '../db/runs/admit';
import type { StartableRun } from '../db/runs/start-queue';
import type { Ids } from '../domain/clock';
import type { Change, Occurrence } from '../domain/entities/change';
import { MAX_DEPTH } from '../domain/run/limits';
import type { Evaluator } from '../providers/evaluator';
import type { EvaluationLog } from './evaluation-log';
import { enterGates, passConditions, refused, type Passed, type Refusal } from './gates';
import { markRouted, type Fenced } from './mark-routed';
import type { Candidate } from './routing-index';
import type { RunLauncher } from './run-launcher';
import { atWindow, inLockOrder, passWindow, type AtWindow } from './window-gate';

export interface RouteDeps {
  database: Database;
  workerId: string;
  evaluator: Evaluator;
  evaluations: EvaluationLog;
  launcher: RunLauncher;
  ids: Ids;
  /** Told of each candidate's outcome, for the metrics: an evaluation outcome or `run`. */
  onOutcome: (outcome: string) => void;
  /** A named point where fault tests stop the process; inert otherwise. */
  failpoint: (name: string) => Promise<void> | void;
}

/** A candidate that passed its gates. */
interface Survivor {
  candidate: Candidate;
  request: RunRequest;
}

/** What has to be told of a candidate that did not become a run. */
interface Reason {
  candidate: Candidate;
  refusal: Refusal;
}

/**
 * Routes one change to its candidates. Everything it leaves is one transaction, fenced by the partition's epoch and
 * together with `routed_at`: a redelivered change finds that and does nothing again. Returns false when there is
 * nothing to leave, so that the caller marks it with others in one statement.
 */
export async function routeChange(
  deps: RouteDeps,
  change: Change,
  fence: Fenced,
  candidates: readonly { candidate: Candidate; occurrence: Occurrence }[],
): Promise<boolean> {
  const { evaluator, database } = deps;
  const gates = { evaluator, db: database.db };
  const survivors: Survivor[] = [];
  const windows: AtWindow[] = [];
  for (const { candidate, occurrence } of candidates) {
    const entered = await enterGates(gates, candidate, occurrence, change);
    if (!entered.passed) tell(deps, change, { candidate, refusal: entered });
    else if (candidate.trigger.window) windows.push(await atWindow(gates, entered, candidate.trigger.window));
    else {
      const verdict = survive(deps, await passConditions(gates, entered), candidate);
      if ('request' in verdict) survivors.push(verdict);
      else tell(deps, change, verdict);
    }
  }
  if (survivors.length === 0 && windows.length === 0) return false;
  await admitSurvivors(deps, change, fence, { survivors, windows });
  return true;
}

function survive(deps: RouteDeps, verdict: Passed | Refusal, candidate: Candidate): Survivor | Reason {
  if (!verdict.passed) return { candidate, refusal: verdict };
  const request = requestFor(deps, verdict);
  return request.depth <= MAX_DEPTH ? { candidate, request } : { candidate, refusal: LOOP };
}

const LOOP: Refusal = {
  passed: false,
  outcome: 'error',
  detail: `loop_detected: automations have triggered each other ${MAX_DEPTH} times in a row; this chain is cut here.`,
};

function tell(deps: RouteDeps, change: Change, { candidate: { automation, trigger }, refusal }: Reason): void {
  const { outcome, detail } = refusal;
  deps.onOutcome(outcome);
  deps.evaluations.record({
    automationId: automation.id,
    triggerId: trigger.id,
    changeId: change.changeId,
    outcome,
    detail,
  });
}

function requestFor(deps: RouteDeps, { entered, variables }: Passed): RunRequest {
  const { candidate, occurrence, change, scope } = entered;
  const { automation, trigger } = candidate;
  return {
    id: deps.ids.next(),
    automationId: automation.id,
    version: automation.version,
    mode: automation.mode,
    scope: automation.concurrency_scope,
    maxRuns: automation.max_runs,
    triggerId: trigger.id,
    triggerEvent: occurrence.event,
    changeId: change.changeId,
    contextKey: scope.facts.contextKey,
    trigger: scope.facts.trigger,
    variables,
    causedBy: change.causedBy,
    depth: change.causedBy === null ? 0 : change.depth + 1,
    callerStarts: !deps.launcher.away,
  };
}

interface Decided {
  admissions: { survivor: Survivor; admission: Admission }[];
  reasons: Reason[];
}

/**
 * Locks are taken in a fixed order, windows before buckets and each of them sorted, so that two changes with several
 * candidates cannot wait for each other.
 */
async function admitSurvivors(
  deps: RouteDeps,
  change: Change,
  fence: Fenced,
  { survivors, windows }: { survivors: readonly Survivor[]; windows: readonly AtWindow[] },
): Promise<void> {
  const decided = await deps.database.db.transaction(async (tx): Promise<Decided | null> => {
    const marked = await markRouted(tx, deps.workerId, [fence]);
    if (marked.size === 0) return null;
    const { fired, reasons } = await passWindows(deps, tx, windows);
    const inOrder = [...survivors, ...fired].toSorted((a, b) =>
      a.request.automationId < b.request.automationId ? -1 : 1,
    );
    const admissions: Decided['admissions'] = [];
    for (const survivor of inOrder) admissions.push({ survivor, admission: await admitRun(tx, survivor.request) });
    return { admissions, reasons };
  });
  if (decided === null) return;
  await deps.failpoint('after-admit-commit');
  for (const reason of decided.reasons) tell(deps, change, reason);
  for (const { survivor, admission } of decided.admissions) {
    if (admission.admitted) {
      deps.onOutcome('run');
      if (admission.startNow) deps.launcher.launch(startable(survivor, admission.workflowId), admission.replaced);
    } else if (admission.outcome !== 'duplicate') {
      const { outcome, detail } = admission;
      tell(deps, change, { candidate: survivor.candidate, refusal: refused(outcome, detail) });
    }
  }
}

/** Counts the arrivals; those whose window fires go through the gates that are left. */
async function passWindows(
  deps: RouteDeps,
  tx: Executor,
  windows: readonly AtWindow[],
): Promise<{ fired: Survivor[]; reasons: Reason[] }> {
  const fired: Survivor[] = [];
  const reasons: Reason[] = [];
  for (const arrival of inLockOrder(windows)) {
    const { candidate } = arrival.entered;
    const refusal = await passWindow(tx, arrival);
    const verdict = refusal
      ? { candidate, refusal }
      : survive(deps, await passConditions({ evaluator: deps.evaluator, db: tx }, arrival.entered), candidate);
    if ('request' in verdict) fired.push(verdict);
    else reasons.push(verdict);
  }
  return { fired, reasons };
}

function startable({ candidate, request }: Survivor, workflowId: string): StartableRun {
  return {
    id: request.id,
    automationId: request.automationId,
    automationName: candidate.automation.name,
    automationGroup: candidate.automation.group,
    version: request.version,
    mode: request.mode,
    triggerId: request.triggerId,
    triggerEvent: request.triggerEvent,
    contextKey: request.contextKey,
    workflowId,
  };
}
