/**
 * An engine whose runs send HTTP requests one after another. There are three implementations: Fermata, bare workflows,
 * and the best possible engine.
 */
export interface Engine {
  /** Starts a run that sends `effects` requests. Resolves when the start has been accepted. */
  start(run: string, effects: number): Promise<void>;
  /** Returns the number of executions that have not closed. */
  open(): Promise<number>;
  /** Returns the workflow ids of the last runs that sent `effects` requests. */
  lastWorkflows(effects: number, limit: number): Promise<string[]>;
}
