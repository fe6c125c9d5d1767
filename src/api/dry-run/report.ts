import type { ConditionTrace } from '../../domain/conditions/trace-condition';
import type { EndedBy, RunError } from '../../domain/run/step-record';

/** What a gate said. */
export interface DryGate {
  gate: 'config' | 'filter' | 'window' | 'for' | 'variables' | 'conditions' | 'concurrency';
  /** null = not evaluated in a dry run, which takes it as passed. */
  passed: boolean | null;
  detail?: string;
  conditions?: ConditionTrace[];
  /** What `variables` rendered to. */
  variables?: Record<string, unknown>;
}

/** What a step would do; the fields of a run's step that are known. */
export interface DryStep {
  path: string;
  actionId: string | null;
  kind: string;
  action: string | null;
  /** `cancelled`: the end of the run left it open, as a `stop` inside it does. */
  status: 'success' | 'failed' | 'skipped' | 'cancelled';
  /** Rendered; secrets stay placeholders. */
  config?: unknown;
  result?: unknown;
  error?: RunError;
  trace?: Record<string, unknown>;
}

/** Outcomes of events that start no run, as evaluations have them, or that one would start. */
export type DryOutcome =
  'would_run' | 'config' | 'silenced' | 'filter' | 'condition' | 'already_running' | 'max_runs' | 'disabled' | 'error';

/** The whole automation on a payload, with no effect. */
export interface DryRun {
  outcome: DryOutcome;
  gates: DryGate[];
  steps: DryStep[];
  /** How the run would end; null when its gates let nothing through. */
  end: { status: 'success' | 'failed'; endedBy?: EndedBy; error?: RunError } | null;
}
