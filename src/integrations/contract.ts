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
 * The result of an action: `output` is stored with the step, `artifact` must satisfy the schema declared in `produces`.
 */
export interface ActionResult {
  output?: unknown;
  artifact?: Record<string, unknown>;
  /** Set by actions that end the object of the artifact that they consumed: resolve, close, remove. */
  closesConsumed?: boolean;
  /** Other artifacts whose object ended: open ones of the automation whose data contain these. */
  closes?: readonly ClosedArtifact[];
}

/** Artifacts of a qualified type with the same object, e.g. `maintenance.window` with one `maintenanceId`. */
export interface ClosedArtifact {
  type: string;
  data: Record<string, unknown>;
}

interface ActionContext<C> {
  /** Rendered and parsed by the action's schema. */
  config: C;
  run: { id: string; automationId: string; contextKey: string | null };
  /** Data of the consumed artifact (nearest earlier step of this run, else the newest open one), if there is one. */
  consumed: Record<string, unknown> | null;
  /** Same at every attempt: `<rootRunId>:<path>`. */
  idempotencyKey: string;
  now: Date;
}

/**
 * The context of an action that writes to our own tables, in the same transaction as the step row, therefore exactly
 * once.
 */
export interface TransactionContext<C> extends ActionContext<C> {
  tx: Executor;
  entities: EntityStore;
  /** The run as the actor of everything written. */
  cause: Cause;
}

/** The context of `prepare`, which runs before a call is sent. */
export interface PrepareContext<C> {
  db: Executor;
  ids: Ids;
  /** Rendered and parsed by the action's schema. */
  config: C;
  /** The `trigger` root of expressions. */
  trigger: unknown;
  cause: Cause;
  now: Date;
  /**
   * Opens a connection that the config does not name. Its secrets are masked, like those of the step's own connection.
   * @throws {FermataError} `config_invalid` when it does not exist or is of another type
   */
  openConnection(type: string, id: string): Promise<unknown>;
}

/** The context of a call that leaves the process: at least once, with the idempotency key. */
export interface CallContext<C> extends ActionContext<C> {
  /** 1-based, over all attempts of this step. */
  attempt: number;
  /** Aborted on timeout and on cancel of the run. */
  signal: AbortSignal;
  /** The scope of the step's expressions. */
  scope: {
    trigger: unknown;
    artifacts: Record<string, unknown>;
    variables: Record<string, unknown>;
    repeat: unknown;
    automation: unknown;
  };
  /** Config of the connection that `connectionId` names, with its secrets; null for actions without one. */
  connection: unknown;
  /** Its type. */
  connectionType?: string;
  /** The result of `prepare` for this attempt. */
  prepared?: unknown;
  /**
   * Masks the secrets that the run has used. Everything that leaves the call is masked anyway; use this for texts that
   * are cut: half of a secret cannot be recognised.
   */
  mask: Mask;
  /**
   * Adds a note to the step, e.g. about a text that was cut to the vendor's limit. People see it beside the step's
   * outcome.
   */
  note(text: string): void;
  /** Progress of earlier attempts under the same idempotency key, also before a crash or a retry of the run. */
  progress: {
    /** null when no attempt has recorded anything. */
    read(): Promise<unknown>;
    /** Stores a value and commits it before it returns. The value is masked, like everything that leaves the call. */
    write(value: unknown): Promise<void>;
  };
  /** Facts about the provider of the connection, kept across runs. Nothing is kept for actions without a connection. */
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

/** The outcome of a call, for the caller that stores it. */
export interface CallOutcome {
  /** Duration of the last attempt, in milliseconds. */
  durationMs: number;
  /** The final error, masked; absent = it succeeded. */
  error?: string;
  /** Set when the call was not made, because `before` answered instead. */
  answeredBefore?: true;
  /** Result of the action, when it succeeded. */
  result?: ActionResult;
}

/** The context for writing to our own tables after a call, in the transaction that ends its step. */
export interface SettledContext<C> {
  tx: Executor;
  ids: Ids;
  entities: EntityStore;
  /** The result of `prepare` for the last attempt. */
  prepared: unknown;
  /** The config of the request, masked. */
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
   * Returns the timeout of one attempt in milliseconds, used when the step sets no `timeout_seconds`. At most 5,000
   * makes the call a short one.
   */
  timeoutMs(config: C): number;
  /** Whether a call with this config leaves the process; default true. `fermata test` mocks those that do. */
  leavesProcess?(config: C): boolean;
  /** Reads the data that an attempt needs from our own tables. An error fails the step, unless the database is away. */
  prepare?(context: PrepareContext<C>): Promise<unknown>;
  execute(context: CallContext<C>): Promise<ActionResult>;
  /** Returns the result without a call when there is nothing to call for; null = call. */
  before?(context: BeforeCall<C>): Promise<ActionResult | null>;
  /** Writes to our own tables in the transaction that ends the step, whether it succeeded or failed. */
  settled?(context: SettledContext<C>, outcome: CallOutcome): Promise<void>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- configs differ per action; each is parsed by its own schema before execute sees it
export type Action = TransactionalAction<any> | CallingAction<any>;

/**
 * Removes a plugin's data about a system. Called in the transaction that removes the system from the catalogue, with
 * the system's row locked and still present. Throwing refuses the removal.
 */
export type SystemRemovedHook = (write: DomainWrite, systemId: string) => Promise<void>;

/** A folder of `domains/` or `integrations/`: one object that registers everything in it. */
export interface Plugin extends PluginDescription<Action> {
  entityKinds?: readonly EntityKind[];
  connectionTypes?: readonly AnyConnectionType[];
  onSystemRemoved?: SystemRemovedHook;
}

/** An external plugin. Besides what built-in plugins have, it has its own routes, tables and services. */
export interface OwnPlugin extends Plugin {
  /** Created with `readRoute` and `writeRoute`; each declares its permission. */
  routes?(deps: RouteHost): readonly object[];
  /**
   * The plugin's own tables: a directory of numbered SQL (`0001_calls.sql`, `0002_…`), as a URL or an absolute path, or
   * the files themselves. `fermata migrate` applies them in the schema `plugin_<id>`.
   */
  migrations?: string | URL | readonly SqlFile[];
  /**
   * Services for other plugins, by name: functions that create them once for each process that runs the plugin, after
   * the services that this plugin requires. Other plugins name them `<plugin>.<name>`.
   */
  provides?: Readonly<Record<string, () => unknown>>;
  /** Services of other plugins, as `<plugin>.<name>`, for `getService`. A missing one fails the start. */
  requires?: readonly (string | ServiceRef<unknown>)[];
}

/** The part of a writing route's context that it passes on. */
export interface EmitContext {
  tx: Executor;
  cause: Cause;
  afterCommit(callback: () => void): void;
}

/** The context of a plugin's routes. */
export interface RouteHost {
  /** For routes that read; those that write use the `tx` of their context. */
  db: Executor;
  entities: EntityStore;
  /** Instants by the clock of the database. */
  clock: Clock;
  /** Writes to the log of the API process, with the plugin's id. */
  log: PluginLog;
  /**
   * Appends an event of one of the plugin's own triggers, in the transaction of the route that writes. After the
   * commit, it reaches every automation with that trigger, like an event of a built-in plugin. `order` names the object
   * of the event where the trigger has no context key: events with the same value are routed in the order in which they
   * were appended. Returns the id of the change. @throws {FermataError} `validation_failed` for a payload that does not
   * match the trigger's schema
   */
  emit(context: EmitContext, event: string, payload: Record<string, unknown>, order?: string): Promise<string>;
}
