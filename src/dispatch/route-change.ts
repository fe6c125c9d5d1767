import type { Database } from '../db/client';
import { admitRun, type Admission, type RunRequest } from '../db/runs/admit';
import type { StartableRun } from '../db/runs/start-queue';
import type { Ids } from '../domain/clock';
import type { Change, Occurrence } from '../domain/entities/change';
import { MAX_DEPTH } from '../domain/run/limits';
import type { Evaluator } from '../providers/evaluator';
import type { EvaluationLog } from './evaluation-log';
import { passGates, type Verdict } from './gates';
import { markRouted, type Fenced } from './mark-routed';
import type { Candidate } from './routing-index';
import type { RunLauncher } from './run-launcher';

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

/**
 * Routes one change to its candidates. Everything it leaves is one transaction, fenced by the partition's epoch and
 * together with `routed_at`: a redelivered change finds that and does nothing again. Returns false when nobody
 * survived the gates, so that the caller marks it with others in one statement.
 */
export async function routeChange(
  deps: RouteDeps,
  change: Change,
  fence: Fenced,
  candidates: readonly { candidate: Candidate; occurrence: Occurrence }[],
): Promise<boolean> {
  const survivors: Survivor[] = [];
  for (const { candidate, occurrence } of candidates) {
    const verdict = await passGates({ evaluator: deps.evaluator, db: deps.database.db }, candidate, occurrence, change);
    const request = verdict.passed ? requestFor(deps, candidate, change, occurrence, verdict) : null;
    if (request && request.depth <= MAX_DEPTH) survivors.push({ candidate, request });
    else refuse(deps, candidate, change, verdict.passed ? LOOP : verdict);
  }
  if (survivors.length === 0) return false;
  await admitSurvivors(deps, change, fence, survivors);
  return true;
}

const LOOP: Verdict = {
  passed: false,
  outcome: 'error',
  detail: `loop_detected: automations have triggered each other ${MAX_DEPTH} times in a row; this chain is cut here.`,
};

function refuse(deps: RouteDeps, { automation, trigger }: Candidate, change: Change, verdict: Verdict): void {
  if (verdict.passed) return;
  const { outcome, detail } = verdict;
  deps.onOutcome(outcome);
  deps.evaluations.record({
    automationId: automation.id,
    triggerId: trigger.id,
    changeId: change.changeId,
    outcome,
    detail,
  });
}

function requestFor(
  deps: RouteDeps,
  { automation, trigger }: Candidate,
  change: Change,
  occurrence: Occurrence,
  verdict: Extract<Verdict, { passed: true }>,
): RunRequest {
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
    contextKey: verdict.contextKey,
    trigger: verdict.trigger,
    variables: verdict.variables,
    causedBy: change.causedBy,
    depth: change.causedBy === null ? 0 : change.depth + 1,
    callerStarts: !deps.launcher.away,
  };
}

/** Buckets are locked in a fixed order, so that two changes with several candidates cannot wait for each other. */
async function admitSurvivors(deps: RouteDeps, change: Change, fence: Fenced, survivors: Survivor[]): Promise<void> {
  const inOrder = survivors.toSorted((a, b) => (a.request.automationId < b.request.automationId ? -1 : 1));
  const admissions = await deps.database.db.transaction(async (tx) => {
    const marked = await markRouted(tx, deps.workerId, [fence]);
    if (marked.size === 0) return null;
    const decided: { survivor: Survivor; admission: Admission }[] = [];
    for (const survivor of inOrder) decided.push({ survivor, admission: await admitRun(tx, survivor.request) });
    return decided;
  });
  if (admissions === null) return;
  await deps.failpoint('after-admit-commit');
  for (const { survivor, admission } of admissions) {
    if (admission.admitted) {
      deps.onOutcome('run');
      if (admission.startNow) deps.launcher.launch(startable(survivor, admission.workflowId), admission.replaced);
    } else if (admission.outcome !== 'duplicate') {
      const { outcome, detail } = admission;
      refuse(deps, survivor.candidate, change, { passed: false, outcome, detail });
    }
  }
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
