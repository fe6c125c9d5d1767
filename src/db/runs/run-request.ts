import type { ConcurrencyScope } from '../../domain/run/bucket';

/** What happens to a new run while another run of its bucket is open. `docs/automations.md` describes the modes. */
export type Mode = 'single' | 'restart' | 'queued' | 'parallel';

/** A request to admit a run. */
export interface RunRequest {
  id: string;
  automationId: string;
  version: number;
  mode: Mode;
  scope: ConcurrencyScope;
  maxRuns: number;
  triggerId: string | null;
  triggerEvent: string | null;
  changeId: string | null;
  contextKey: string | null;
  /** The value of `trigger` in the run's scope. */
  trigger: Record<string, unknown>;
  variables: Record<string, unknown>;
  causedBy: string | null;
  depth: number;
  parentRunId?: string;
  rootRunId?: string;
  /** Set for manual runs, which also start when the automation is disabled. */
  evenIfDisabled?: boolean;
  /**
   * True when the caller starts the execution right after its commit. Otherwise the next sweep of a worker starts it.
   */
  callerStarts?: boolean;
}
