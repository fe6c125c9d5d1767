import type { DecidingPart } from '../../domain/conditions/deciding-part';
import type { RunRequest } from '../../db/runs/run-request';
import type { NewRouting } from '../../db/routings';
import type { Ids } from '../../domain/clock';
import { runIdOf } from '../../domain/run/run-id';
import { MAX_DEPTH } from '../../domain/run/limits';
import type { EvaluationLog } from '../evaluation-log';
import {
  passConditions,
  refused,
  type EnteredCandidate,
  type GateDeps,
  type PassedCandidate,
  type Refusal,
} from './gates';
import type { Candidate } from '../routing-index';
import type { OverflowReport } from './overflow-report';
import type { RunLauncher } from '../start/launch';

export interface SurvivorDeps {
  /** Whether outcomes of changes are recorded (`FERMATA_RETENTION_ROUTINGS_HOURS` above 0). */
  keepsRoutings: boolean;
  evaluations: EvaluationLog;
  launcher: RunLauncher;
  ids: Ids;
  /** Called with the outcome of each candidate, for the metrics. The outcome is an evaluation outcome, or `run`. */
  onOutcome: (outcome: string) => void;
  /** Reports runs that were dropped because their mode allowed no further run. */
  overflow: OverflowReport;
}

/** A candidate that passed its gates. */
export interface Survivor {
  candidate: Candidate;
  request: RunRequest;
  /** Returns the parts of config, filter and conditions that were true. Computed only when it is called. */
  held: () => DecidingPart[];
  /** For a trigger with a window: how many events it has counted, and how many it needs. */
  counted?: NonNullable<Refusal['counted']>;
}

/** Why a candidate did not become a run. */
export interface Reason {
  candidate: Named;
  refusal: Refusal;
  changeId: string;
  /** Context key that the run would have had. */
  contextKey: string | null;
}

/** The parts of a candidate that identify it. */
type Named = Pick<Candidate, 'automation' | 'trigger'>;

/** The parts of a candidate from which its reason and its row in `routings` are built. */
interface InContext {
  candidate: Candidate;
  change: { changeId: string };
  scope: { facts: { contextKey: string | null } };
}

const LOOP = refused(
  'error',
  `loop_detected: automations have triggered each other ${MAX_DEPTH} times in a row; this chain is cut here.`,
);

/**
 * Evaluates a candidate's variables and conditions, which can use the id of the future run. Returns the request for the
 * run when the conditions are true, otherwise the reason. `firedAt` is the deadline of a dwell that fired.
 */
export async function toSurvivor(
  gates: Pick<GateDeps, 'evaluator' | 'db'>,
  entered: EnteredCandidate,
  firedAt?: Date,
): Promise<Survivor | Reason> {
  const { automation, trigger } = entered.candidate;
  const { changeId, occurredAt } = entered.change;
  const id = runIdOf({ automationId: automation.id, triggerId: trigger.id, changeId, occurredAt }, firedAt);
  const facts = { ...entered.scope.facts, run: { id, startedAt: null } };
  const verdict = await passConditions(gates, { ...entered, scope: { ...entered.scope, facts } });
  const { candidate } = entered;
  const counted = entered.counted === undefined ? {} : { counted: entered.counted };
  if (!verdict.passed) return reasonFor(entered, { ...verdict, ...counted });
  const request = requestFor(verdict);
  if (request.depth > MAX_DEPTH) return reasonFor(entered, LOOP);
  return { candidate, request, held: () => [...entered.held(), ...verdict.held()], ...counted };
}

/** Returns the reason for a candidate that was refused by a gate after config and filter. */
export const reasonFor = ({ candidate, change: { changeId }, scope }: InContext, refusal: Refusal): Reason => ({
  ...{ candidate, refusal, changeId },
  contextKey: scope.facts.contextKey,
});

/**
 * Returns the request for a run. Its id is derived from the automation, the trigger and the change (and the deadline of
 * a dwell), so that routing the same change again after a crash makes the same request, which is refused as a
 * duplicate. If another run caused the change, the depth is that run's depth plus one. A depth above `MAX_DEPTH` counts
 * as a loop.
 */
function requestFor({ entered, variables }: PassedCandidate): RunRequest {
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

/** Returns the `routings` row of a candidate that was refused. */
export function routingOf({ candidate, refusal, changeId }: Omit<Reason, 'contextKey'>): NewRouting {
  const { outcome, detail, deciding, held, dwell, counted } = refusal;
  const parts = deciding?.() ?? listed(held?.() ?? []);
  return { ...namesOf(candidate), changeId, outcome, detail, deciding: parts, dwell, counted };
}

/** Returns parts as they are stored: undefined instead of an empty list. */
export const listed = (parts: readonly DecidingPart[]): readonly DecidingPart[] | undefined =>
  parts.length === 0 ? undefined : parts;

/** Returns the fields that identify a candidate in a row of `routings`. */
export const namesOf = ({ automation, trigger }: Named) => ({
  kind: 'candidate' as const,
  automationId: automation.id,
  automationName: automation.name,
  triggerId: trigger.id,
  version: automation.version,
});

/** Records why a candidate did not become a run. */
export function recordRefusal(
  deps: SurvivorDeps,
  { candidate: { automation, trigger }, refusal, changeId, contextKey }: Reason,
): void {
  const { outcome, detail } = refusal;
  deps.onOutcome(outcome);
  // Disabled triggers are recorded only with the change. In the list of the automation they would displace everything
  // else.
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
