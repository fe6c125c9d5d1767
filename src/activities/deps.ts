import type { Database } from '../db/client';
import type { EntityStore } from '../db/entity-store';
import type { Notifier } from '../db/notifier';
import type { Clock, Ids } from '../domain/clock';
import type { Registry } from '../domain/registry/registry';
import type { SecretUse } from '../domain/secrets/binding';
import type { Action } from '../integrations/contract';
import type { OpenConnection } from '../integrations/connections/open-connection';
import type { Evaluator } from '../evaluation/evaluator';
import type { OriginLoad } from './origin-load';
import type { RunSecrets } from './run-secrets';
import type { RunSource, RunSources } from '../db/runs/run-source';

/** Dependencies of the activities of runs. */
export interface ActivityDeps extends RunSources {
  database: Database;
  registry: Registry<Action>;
  evaluator: Evaluator;
  entities: EntityStore;
  notifier: Notifier;
  clock: Clock;
  ids: Ids;
  secrets: RunSecrets;
  /** Returns the filters that a definition uses and this worker does not have. */
  filtersLacking: (definition: RunSource['definition']) => readonly string[];
  /** Returns the events that a definition's waits await and whose trigger types this worker does not have. */
  triggersLacking: (definition: RunSource['definition']) => readonly string[];
  /** Opens the connection with this id for a step. The connection must be of this type, unless the type is null. */
  openConnection: (type: string | null, id: string, use: SecretUse) => Promise<OpenConnection>;
  /** The load that calls put on the activity slots, by origin. */
  origins: OriginLoad;
  /**
   * Called when a local step of an execution begins to wait for the answer to a call. Returns a function to be called
   * when the wait has ended.
   */
  onLocalCall: (executionRunId: string) => () => void;
  /** Called when the end of a run allows other runs to start. */
  onRunsToStart: () => void;
  /** Called when an action ends, for the metrics. */
  onAction: (action: string, outcome: 'success' | 'failed', seconds: number) => void;
  /** Called at named points where fault tests can stop the process. Has no effect outside of fault tests. */
  failpoint: (name: string) => Promise<void> | void;
}
