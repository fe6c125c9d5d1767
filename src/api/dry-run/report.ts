import type { DecidingPart } from '../../domain/conditions/deciding-part';
import type { ConditionTrace } from '../../domain/conditions/trace-condition';
import type { EndedBy, RunError } from '../../domain/run/step-record';

/** The decision of a gate. */
export interface DryGate {
  gate: 'config' | 'filter' | 'window' | 'for' | 'variables' | 'conditions' | 'concurrency';
  /** Null if the dry run does not evaluate the gate. The gate then counts as passed. */
  passed: boolean | null;
  detail?: string;
  /** The smallest part that was false, as recorded for the candidates of a change. */
  deciding?: DecidingPart;
  conditions?: ConditionTrace[];
  /** Values of `variables`. */
  variables?: Record<string, unknown>;
}

/** The outcome of a step, with those fields of a run's step that a dry run determines. */
export interface DryStep {
  path: string;
  actionId: string | null;
  kind: string;
  action: string | null;
  /** `cancelled` means that the step was still open at the end of the run, e.g. around a `stop`. */
  status: 'success' | 'failed' | 'skipped' | 'cancelled';
  /** The rendered configuration. Secrets remain placeholders. */
  config?: unknown;
  result?: unknown;
  error?: RunError;
  trace?: Record<string, unknown>;
}

/**
 * The outcome for an event: `would_run`, or the reason why no run would start. The reasons are the same as in
 * evaluations.
 */
export type DryOutcome =
  'would_run' | 'config' | 'silenced' | 'filter' | 'condition' | 'already_running' | 'max_runs' | 'disabled' | 'error';

/** The result of a dry run of an automation. */
export interface DryRun {
  outcome: DryOutcome;
  gates: DryGate[];
  steps: DryStep[];
  /** How the run would end. Null if the gates refuse it. */
  end: { status: 'success' | 'failed'; endedBy?: EndedBy; error?: RunError } | null;
}
