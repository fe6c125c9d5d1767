import type { ConditionTrace } from '../../domain/conditions/trace-condition';
import type { EndedBy, RunError } from '../../domain/run/step-record';

/** The decision of a gate. */
export interface DryGate {
  gate: 'config' | 'filter' | 'window' | 'for' | 'variables' | 'conditions' | 'concurrency';
  /** null = not evaluated in a dry run, which takes it as passed. */
  passed: boolean | null;
  detail?: string;
  conditions?: ConditionTrace[];
  /** Values of `variables`. */
  variables?: Record<string, unknown>;
}

/** The effect of a step: the fields of a run's step that are known. */
export interface DryStep {
  path: string;
  actionId: string | null;
  kind: string;
  action: string | null;
  /** `cancelled`: it was open at the end of the run, as around a `stop`. */
  status: 'success' | 'failed' | 'skipped' | 'cancelled';
  /** Rendered; secrets stay placeholders. */
  config?: unknown;
  result?: unknown;
  error?: RunError;
  trace?: Record<string, unknown>;
}

/** The outcome of an event: a reason why no run starts, as in evaluations, or a run that would start. */
export type DryOutcome =
  'would_run' | 'config' | 'silenced' | 'filter' | 'condition' | 'already_running' | 'max_runs' | 'disabled' | 'error';

/** The result of an automation that was run on a payload without any effect. */
export interface DryRun {
  outcome: DryOutcome;
  gates: DryGate[];
  steps: DryStep[];
  /** The end of the run; null when its gates refuse it. */
  end: { status: 'success' | 'failed'; endedBy?: EndedBy; error?: RunError } | null;
}
