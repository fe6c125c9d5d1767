import type { Executor } from '../../db/executor';
import { admitRuns, type Admission } from '../../db/runs/admit';
import type { RunRequest } from '../../db/runs/run-request';
import type { NewRouting } from '../../db/routings';
import type { StartableRun } from '../../db/runs/start-queue';
import type { Ids } from '../../domain/clock';
import { runIdOf } from '../../domain/run/run-id';
import { MAX_DEPTH } from '../../domain/run/limits';
import type { EvaluationLog } from '../evaluation-log';
import { passConditions, refused, type Entered, type GateDeps, type Passed, type Refusal } from './gates';
import type { Candidate } from '../routing-index';
import type { OverflowReport } from './overflow-report';
import type { RunLauncher } from '../start/launch';

export interface SurvivorDeps {
  /** Whether outcomes of changes are recorded (`FERMATA_RETENTION_ROUTINGS_HOURS` above 0). */
  keepsRoutings: boolean;
  evaluations: EvaluationLog;
  launcher: RunLauncher;
  ids: Ids;
  /** Called with each candidate's outcome, for the metrics: an evaluation outcome or `run`. */
  onOutcome: (outcome: string) => void;
  /** Reports runs that were dropped because as many as the mode allows were active. */
  overflow: OverflowReport;
}

/** A candidate that passed its gates. */
export interface Survivor {
  candidate: Candidate;
  request: RunRequest;
}

/** Why a candidate did not become a run. */
export interface Reason {
  candidate: Candidate;
  refusal: Refusal;
  changeId: string;
  /** What the run would have been about. */
  contextKey: string | null;
}

/** A candidate in its context, as `Entered` has it. */
interface InContext {
  candidate: Candidate;
  change: { changeId: string };
  scope: { facts: { contextKey: string | null } };
}

/** What a transaction has decided, to be acted on after its commit. */
export interface Decided {
  admissions: { survivor: Survivor; admission: Admission }[];
  reasons: Reason[];
}

const LOOP = refused(
  'error',
  `loop_detected: automations have triggered each other ${MAX_DEPTH} times in a row; this chain is cut here.`,
);

/**
 * Takes a candidate through variables and conditions, which see the id that its run will have. Returns the request for the run when
 * they let it pass. `firedAt` is the deadline of a dwell that fired.
 */
export async function survive(
  gates: Pick<GateDeps, 'evaluator' | 'db'>,
  entered: Entered,
  firedAt?: Date,
): Promise<Survivor | Reason> {
  const { automation, trigger } = entered.candidate;
  const { changeId, occurredAt } = entered.change;
  const id = runIdOf({ automationId: automation.id, triggerId: trigger.id, changeId, occurredAt }, firedAt);
  const facts = { ...entered.scope.facts, run: { id, startedAt: null } };
  const verdict = await passConditions(gates, { ...entered, scope: { ...entered.scope, facts } });
  if (!verdict.passed) return reasonFor(entered, verdict);
  const request = requestFor(verdict);
  return request.depth <= MAX_DEPTH ? { candidate: entered.candidate, request } : reasonFor(entered, LOOP);
}

/** The reason of a candidate that a gate refused after config and filter. */
export const reasonFor = ({ candidate, change: { changeId }, scope }: InContext, refusal: Refusal): Reason => ({
  ...{ candidate, refusal, changeId },
  contextKey: scope.facts.contextKey,
});

/**
 * Returns the request for a run. Its id is derived from automation, trigger and change (and the deadline of a dwell): routing the
 * same change again after a crash makes the same request, which is refused as a duplicate. A run that an
 * automation caused is one level deeper than its cause; deeper than `MAX_DEPTH` counts as a loop.
 */
function requestFor({ entered, variables }: Passed): RunRequest {
  const { candidate, event, change, scope } = entered;
  const { automation, trigger } = candidate;
  return {
    id: scope.facts.run.id,
    automationId: automation.id,
    version: automation.version,
    mode: automation.mode,
    scope: automation.concurrency_scope,
    maxRuns: automation.max_runs,
    triggerId: trigger.id,
    triggerEvent: event,
    changeId: change.changeId,
    contextKey: scope.facts.contextKey,
    trigger: scope.facts.trigger,
    variables,
    causedBy: change.causedBy,
    depth: change.causedBy === null ? 0 : change.depth + 1,
  };
}

/**
 * The concurrency gate. Survivors of one bucket are admitted in the given order. Each takes a slot of this worker if one
 * is free, to be started right after the commit; the others wait in the table. The caller gives the slots back with
 * `giveUp` when its transaction fails.
 */
export async function admitAll(
  { launcher }: Pick<SurvivorDeps, 'launcher'>,
  tx: Executor,
  survivors: readonly Survivor[],
): Promise<Decided['admissions']> {
  // Slots are reserved before the rows are written: a row that says that its caller starts it is left alone by other workers for
  // some seconds, so it must not be written without a slot.
  for (const { request } of survivors) request.callerStarts = launcher.reserve(request.id, request.automationId);
  const admissions = await admitRuns(
    tx,
    survivors.map(({ request }) => request),
  );
  return survivors.flatMap((survivor, index) => {
    const admission = admissions[index];
    return admission === undefined ? [] : [{ survivor, admission }];
  });
}

/** Gives back what survivors have reserved whose transaction failed. */
export function giveUp({ launcher }: Pick<SurvivorDeps, 'launcher'>, survivors: readonly Survivor[]): void {
  for (const { request } of survivors) launcher.release(request.id);
}

/** After the commit: starts what was admitted, records what was not. */
export function conclude(deps: SurvivorDeps, { admissions, reasons }: Decided): void {
  const { launcher } = deps;
  for (const reason of reasons) recordRefusal(deps, reason);
  let isWaiting = false;
  let hasReplaced = false;
  for (const { survivor, admission } of admissions) {
    const { candidate, request } = survivor;
    // A crash from here on loses the call to Temporal, not the run: the sweep of pending rows starts it.
    if (admission.admitted && admission.startNow && request.callerStarts === true) {
      launcher.launch(startable(survivor, admission.workflowId), admission.replaced);
    } else {
      // The run waits in its bucket, was refused, or had no slot. The slot is free for another run.
      launcher.release(request.id);
      isWaiting ||= admission.admitted && admission.startNow;
      hasReplaced ||= admission.admitted && admission.replaced.length > 0;
    }
    if (admission.admitted) deps.onOutcome('run');
    else if (admission.outcome !== 'duplicate') {
      const { outcome, detail } = admission;
      if (outcome === 'already_running' || outcome === 'max_runs') deps.overflow.dropped(candidate.automation, detail);
      const { contextKey } = request;
      recordRefusal(deps, {
        candidate,
        refusal: refused(outcome, detail),
        changeId: request.changeId ?? '',
        contextKey,
      });
    }
  }
  // Replaced runs have executions to end, which the full sweep does; rows without a slot only need a worker with room.
  if (hasReplaced) launcher.poke();
  else if (isWaiting) launcher.pokeStarts();
}

/** Rows of `routings`: the outcome of each candidate of the changes. */
export function routingsOf({ admissions, reasons }: Decided): NewRouting[] {
  return [
    ...reasons.map(routingOf),
    ...admissions.flatMap(({ survivor: { candidate, request }, admission }): NewRouting[] => {
      if (request.changeId === null) return [];
      const common = { ...namesOf(candidate), changeId: request.changeId };
      if (admission.admitted) return [{ ...common, outcome: 'started', runId: request.id }];
      return admission.outcome === 'duplicate'
        ? []
        : [{ ...common, outcome: admission.outcome, detail: admission.detail }];
    }),
  ];
}

/** The row of a candidate that was refused. */
export function routingOf({ candidate, refusal, changeId }: Omit<Reason, 'contextKey'>): NewRouting {
  const { passed: _passed, deciding, ...facts } = refusal;
  return { ...namesOf(candidate), changeId, ...facts, deciding: deciding?.() };
}

const namesOf = ({ automation, trigger }: Candidate) => ({
  kind: 'candidate' as const,
  automationId: automation.id,
  automationName: automation.name,
  triggerId: trigger.id,
  version: automation.version,
});

/** Writes down why a candidate did not become a run. */
export function recordRefusal(
  deps: SurvivorDeps,
  { candidate: { automation, trigger }, refusal, changeId, contextKey }: Reason,
): void {
  const { outcome, detail } = refusal;
  deps.onOutcome(outcome);
  // Disabled triggers are recorded with the change only: in the list of the automation they would displace everything else.
  if (outcome === 'trigger_disabled') return;
  deps.evaluations.record({
    automationId: automation.id,
    triggerId: trigger.id,
    changeId,
    contextKey,
    outcome,
    detail,
  });
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
    ...{ workflowId, firstStretch: candidate.automation.firstStretch },
    wasLost: false,
  };
}
