import type { z } from 'zod';
import { isFlagged } from '../../domain/definition/schema-at';
import { ProviderFailure } from '../provider-failure';

/** A possible field value with a human-readable label. */
export interface Option {
  value: string;
  label: string;
}

/** The context of every call through a connection. */
export interface ConnectionCall {
  signal: AbortSignal;
  timeoutMs: number;
  now: Date;
}

/** Keeps facts about a connection's provider between calls. */
export interface ConnectionMemory {
  /** Returns the stored value, or null if there is none. */
  recall(key: string): Promise<unknown>;
  remember(key: string, value: unknown): Promise<void>;
}

/** A message to people. */
export interface NotifyMessage {
  title: string;
  body: string;
  importance: 'info' | 'warning' | 'critical';
  actionLabel?: string;
  actionUrl?: string;
  /**
   * A message replaces an earlier message with the same key: the provider edits the earlier message, or updates the
   * same incident or alert. Providers that cannot do this receive a new message.
   */
  replaceKey?: string;
}

/** The context of a notification to one recipient. Every attempt has the same idempotency key. */
export interface NotifyCall extends ConnectionCall {
  idempotencyKey: string;
  /** Number of this attempt among all attempts of the step, starting at 1. */
  attempt: number;
  /**
   * Whether a notification with this idempotency key may already have been sent, by an earlier attempt or by a run that
   * this run retries.
   */
  sentBefore: boolean;
  /** Facts that the connection keeps between calls. */
  memory: ConnectionMemory;
  /** Adds a note to the step, e.g. that the message was truncated. */
  note(text: string): void;
}

/** A connection type that a plugin provides. */
export interface ConnectionType<C = unknown> {
  id: string;
  displayName: string;
  /** Fields marked with `.meta({'x-secret': true})` are encrypted and never shown. */
  configSchema: z.ZodObject;
  /** Fields that determine where secrets are sent. When one of them changes, the secrets must be entered again. */
  addressFields: readonly (keyof C & string)[];
  /**
   * Checks whether the provider accepts the credentials. Returns a message about the result.
   * @throws {ProviderFailure} when the provider refuses them or cannot be reached
   */
  test(config: C, call: ConnectionCall): Promise<string>;
  /** Sends notifications (`notification.send`). Absent if the type cannot send notifications. */
  notify?: {
    /** Whether a notification must name recipients. Their format depends on the type. */
    recipients: 'required' | 'optional';
    /**
     * Returns the id of the message, or null if the provider assigns none.
     * @throws {ProviderFailure} when the message was not accepted
     */
    send(config: C, message: NotifyMessage, to: string, call: NotifyCall): Promise<string | null>;
  };
  /**
   * Functions that return the possible values of fields. `given` contains the values already chosen for other fields.
   * @throws {ProviderFailure} when the provider refuses the request or cannot be reached
   */
  options: Readonly<
    Record<string, (config: C, given: Readonly<Record<string, string>>, call: ConnectionCall) => Promise<Option[]>>
  >;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each config is parsed by its own schema
export type AnyConnectionType = ConnectionType<any>;

/**
 * Returns connection types by id.
 * @throws {Error} when two types have the same id
 */
export function connectionTypesOf(
  plugins: readonly { connectionTypes?: readonly AnyConnectionType[] }[],
): ReadonlyMap<string, AnyConnectionType> {
  const types = new Map<string, AnyConnectionType>();
  for (const type of plugins.flatMap(({ connectionTypes = [] }) => connectionTypes)) {
    if (types.has(type.id)) throw new Error(`Connection type "${type.id}" is registered twice`);
    types.set(type.id, type);
  }
  return types;
}

/**
 * Returns the chosen value of a field on which the options of another field depend.
 * @throws {ProviderFailure} config_invalid with the name of the field, when no value was chosen
 */
export function requireChoice(given: Readonly<Record<string, string>>, name: string): string {
  const value = given[name];
  if (value) return value;
  throw new ProviderFailure('config_invalid', `Choose ${name} first: ?${name}=…`, { retryable: false });
}

/** Returns the names of the encrypted fields. */
export function secretFieldsOf({ configSchema }: AnyConnectionType): string[] {
  return Object.keys(configSchema.shape).filter((name) => isFlagged(configSchema, [name], ['x-secret']));
}
