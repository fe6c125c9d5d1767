import type { Executor } from '../db/executor';
import type { Clock, Ids } from '../domain/clock';
import type { Cause } from '../domain/entities/change';
import type { EntityKind } from '../domain/entities/entity-kind';
import type { ActionDescription } from '../domain/registry/action-description';
import type { PluginDescription } from '../domain/registry/registry';
import type { Mask } from '../domain/secrets/mask-values';
import type { PluginLog } from './plugin-log';
import type { ServiceRef } from './plugin-services';
import type { AnyConnectionType, ConnectionMemory } from './connections/connection-type';
import type { EntityStore } from '../db/entity-store';
import type { SqlFile } from '../db/migration-files';
import type { DomainWrite } from '../domains/domain-write';

/**
 * The result of an action. `output` is stored with the step. `artifact` must match the schema declared in `produces`.
 */
export interface ActionResult {
  output?: unknown;
  artifact?: Record<string, unknown>;
  /**
   * True if the object of the artifact has ended, e.g. because the action resolved, closed or removed it. The artifact
   * is then stored closed, and all open artifacts of the automation for this object are closed.
   */
  closesConsumed?: boolean;
  /**
   * True if the step did nothing to the object of the artifact. The artifact is then stored closed: only later steps of
   * this run use it.
   */
  leftUntouched?: boolean;
  /**
   * Further artifacts to close, besides the consumed one, because their objects have ended: all open artifacts of the
   * automation whose data contains these values.
   */
  closes?: readonly ClosedArtifact[];
}

/**
 * Selects artifacts of a qualified type that refer to the same object, e.g. `maintenance.window` with a given
 * `maintenanceId`.
 */
export interface ClosedArtifact {
  type: string;
  data: Record<string, unknown>;
}

interface ActionContext<C> {
  /** The rendered config, parsed by the action's schema. */
  config: C;
  run: { id: string; automationId: string; contextKey: string | null };
  /**
   * Data of the consumed artifact, or null if there is none. This is the newest artifact of the consumed type that the
   * run has created, or else the automation's newest open artifact of that type with the same context key whose entity
   * has not ended.
   */
  consumed: Record<string, unknown> | null;
  /** `<rootRunId>:<path>`. It is the same for every attempt. */
  idempotencyKey: string;
  now: Date;
}

/**
 * The context of an action that writes to Fermata's own tables. The action runs in the transaction that stores the
 * step, so its writes happen exactly once.
 */
export interface TransactionContext<C> extends ActionContext<C> {
  tx: Executor;
  entities: EntityStore;
  /** The run, as the cause of everything that the action writes. */
  cause: Cause;
}

/** The context of `prepare`, which runs before each attempt of a call. */
export interface PrepareContext<C> {
  db: Executor;
  ids: Ids;
  /** The rendered config, parsed by the action's schema. */
  config: C;
  /** The value of `trigger` in expressions. */
  trigger: unknown;
  cause: Cause;
  now: Date;
  /**
   * Opens a connection that the config does not name. Its secrets are masked, like those of the step's own connection.
   * @throws {FermataError} `config_invalid` when the connection does not exist or is of another type
   */
  openConnection(type: string, id: string): Promise<unknown>;
}

/**
 * The context of an action that calls another system. The call is made at least once, always with the same idempotency
 * key.
 */
export interface CallContext<C> extends ActionContext<C> {
  /** Number of this attempt among all attempts of the step, starting at 1. */
  attempt: number;
  /**
   * Whether a request with this idempotency key may already have been sent, by an earlier attempt or by a run that this
   * run retries.
   */
  sentBefore: boolean;
  /** Aborted on timeout and when the run is cancelled. */
  signal: AbortSignal;
  /**
   * Time limit of the attempt in milliseconds: `timeout_seconds` of the step, or otherwise the action's `timeoutMs`. An
   * action that makes a single request uses this limit for the request.
   */
  timeoutMs: number;
  /** The scope of the step's expressions. */
  scope: {
    trigger: unknown;
    artifacts: Record<string, unknown>;
    variables: Record<string, unknown>;
    repeat: unknown;
    automation: unknown;
  };
  /** Config of the connection that the step names, including its secrets. Null for actions without a connection. */
  connection: unknown;
  /** Type of the connection. */
  connectionType?: string;
  /** The result of `prepare` for this attempt. */
  prepared?: unknown;
  /**
   * Masks the secrets that the run has used. Results and errors are masked automatically. Mask text before truncating
   * it, because a truncated secret is not recognised.
   */
  mask: Mask;
  /**
   * Adds a note to the step, e.g. that text was truncated to the vendor's limit. The note is shown with the step's
   * outcome.
   */
  note(text: string): void;
  /**
   * Progress recorded by earlier attempts with the same idempotency key. It survives a crash and a retry of the run.
   */
  progress: {
    /** Returns the recorded value, or null if no attempt has recorded one. */
    read(): Promise<unknown>;
    /** Stores a value, and resolves after the commit. The value is masked first. */
    write(value: unknown): Promise<void>;
  };
  /** Facts about the connection's provider, kept across runs. Nothing is kept for actions without a connection. */
  memory: ConnectionMemory;
}

/** The context of `before`, which decides whether a call is needed. */
export interface BeforeCall<C> {
  db: Executor;
  config: C;
  scope: CallContext<C>['scope'];
  run: ActionContext<C>['run'];
  now: Date;
}

/** The outcome of a call, as passed to `settled`. */
export interface CallOutcome {
  /** Duration in milliseconds of the last attempt. */
  durationMs: number;
  /** The masked final error. Absent if the call succeeded. */
  error?: string;
  /** Set if `before` returned a result, so no call was made. */
  answeredBefore?: true;
  /** Result of the action. Absent if the call failed. */
  result?: ActionResult;
}

/** The context for writing to Fermata's own tables after a call, in the transaction that ends the step. */
export interface SettledContext<C> {
  tx: Executor;
  ids: Ids;
  entities: EntityStore;
  /** The result of `prepare` for the last attempt. */
  prepared: unknown;
  /** The masked config of the request. */
  config: C;
  /** Type and id of the connection that was used. */
  connectionType?: string;
  connectionId?: string;
  run: ActionContext<C>['run'];
  cause: Cause;
  now: Date;
}

export interface TransactionalAction<C = unknown> extends ActionDescription {
  execution: 'transaction';
  execute(context: TransactionContext<C>): Promise<ActionResult>;
}

export interface CallingAction<C = unknown> extends ActionDescription {
  execution: 'call';
  /**
   * Returns the timeout of one attempt in milliseconds, for steps that set no `timeout_seconds`. If the timeout is at
   * most 5,000 ms, the first attempt can run inside the workflow task.
   */
  timeoutMs(config: C): number;
  /**
   * Set for calls, such as scripts, that must end immediately when the run is cancelled. They never run inside the
   * workflow task, even if their timeout is short.
   */
  startsApart?: true;
  /** Returns whether a call with this config reaches another system. Default: true. `fermata test` mocks such calls. */
  leavesProcess?(config: C): boolean;
  /**
   * Reads the data that an attempt needs from Fermata's own tables. An error fails the step, unless the database is
   * unavailable.
   */
  prepare?(context: PrepareContext<C>): Promise<unknown>;
  execute(context: CallContext<C>): Promise<ActionResult>;
  /** Returns a result if no call is needed, or null to make the call. */
  before?(context: BeforeCall<C>): Promise<ActionResult | null>;
  /** Writes to Fermata's own tables in the transaction that ends the step, whether the step succeeded or failed. */
  settled?(context: SettledContext<C>, outcome: CallOutcome): Promise<void>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each config is parsed by its own schema
export type Action = TransactionalAction<any> | CallingAction<any>;

/**
 * Removes a plugin's data about a system. Called in the transaction that removes the system from the catalogue, while
 * the system's row is locked and still exists. An error prevents the removal.
 */
export type SystemRemovedHook = (write: DomainWrite, systemId: string) => Promise<void>;

/** Everything that a folder under `domains/` or `integrations/` registers. */
export interface Plugin extends PluginDescription<Action> {
  entityKinds?: readonly EntityKind[];
  connectionTypes?: readonly AnyConnectionType[];
  onSystemRemoved?: SystemRemovedHook;
}

/** An external plugin. In addition to what built-in plugins have, it can have its own routes, tables and services. */
export interface OwnPlugin extends Plugin {
  /** Routes created with `readRoute` and `writeRoute`. Each declares its permission. */
  routes?(deps: RouteHost): readonly object[];
  /**
   * Migrations of the plugin's own tables: the URL or absolute path of a directory of numbered SQL files
   * (`0001_calls.sql`, `0002_…`), or the files themselves. `fermata migrate` applies them in the schema `plugin_<id>`.
   */
  migrations?: string | URL | readonly SqlFile[];
  /**
   * Services for other plugins, by name. Other plugins refer to a service as `<plugin>.<name>`. Each process that runs
   * the plugin calls each function once, after it has created the services that this plugin requires.
   */
  provides?: Readonly<Record<string, () => unknown>>;
  /**
   * Services of other plugins that `getService` may return, as `<plugin>.<name>`. Startup fails if a service is
   * missing.
   */
  requires?: readonly (string | ServiceRef<unknown>)[];
}

/** The part of a write route's context that the route passes to `emit`. */
export interface EmitContext {
  tx: Executor;
  cause: Cause;
  afterCommit(callback: () => void): void;
}

/** The objects that the host gives to a plugin's routes. */
export interface RouteHost {
  /** For read routes. Write routes use the `tx` of their context. */
  db: Executor;
  entities: EntityStore;
  /** Returns the current time of the database. */
  clock: Clock;
  /** Writes to the API process's log and adds the plugin's id to each line. */
  log: PluginLog;
  /**
   * Appends an event of one of the plugin's own triggers, in the transaction of the write route. After the commit, the
   * event reaches every automation with that trigger, like an event of a built-in plugin. If the trigger has no context
   * key, `order` identifies the object that the event is about. Events with the same `order` are routed in the order in
   * which they were appended. Returns the id of the change.
   * @throws {FermataError} `validation_failed` for a payload that does not match the trigger's schema
   */
  emit(context: EmitContext, event: string, payload: Record<string, unknown>, order?: string): Promise<string>;
}
