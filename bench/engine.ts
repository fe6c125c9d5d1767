/** Something that turns a start into HTTP requests, one after another: Fermata, or a bare workflow of the same shape. */
export interface Engine {
  /** Starts a run that sends so many requests; resolves when its start was accepted. */
  start(run: string, effects: number): Promise<void>;
  /** Executions that have not closed. */
  open(): Promise<number>;
  /** Workflow ids of the last runs with so many requests. */
  lastWorkflows(effects: number, limit: number): Promise<string[]>;
}
