import type { ConcurrencyScope } from '../../domain/run/bucket';

/** What a new run does while another run of its bucket is open (engine.md, Modes). */
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
  /** The `trigger` root of the run's scope. */
  trigger: Record<string, unknown>;
  variables: Record<string, unknown>;
  causedBy: string | null;
  depth: number;
  parentRunId?: string;
  rootRunId?: string;
  /** Manual runs start on a disabled automation too. */
  evenIfDisabled?: boolean;
  /** The caller starts the execution itself right after its commit; otherwise the first worker that sweeps does. */
  callerStarts?: boolean;
}
