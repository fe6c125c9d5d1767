import type { z } from 'zod';
import { isFlagged } from '../../domain/definition/schema-at';
import { ProviderFailure } from '../provider-failure';

/** A choice for a field. */
export interface Option {
  value: string;
  label: string;
}

/** What every call through a connection needs. */
export interface ConnectionCall {
  signal: AbortSignal;
  timeoutMs: number;
  now: Date;
}

/** Stores facts about the provider of one connection, from call to call. */
export interface ConnectionMemory {
  /** Returns null when nothing is stored. */
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
   * A later message with the same key replaces this one where the provider supports it: it is edited, or updates the
   * same incident or alert. Elsewhere a new message is sent.
   */
  replaceKey?: string;
}

/** A call that notifies one recipient. Its idempotency key is the same at every attempt. */
export interface NotifyCall extends ConnectionCall {
  idempotencyKey: string;
  /** 1-based, over all attempts of the step. */
  attempt: number;
  /** Values that the connection keeps from call to call. */
  memory: ConnectionMemory;
  /** Adds a note to the step, e.g. about a text that was cut. */
  note(text: string): void;
}

/** A kind of connection that a plugin brings. */
export interface ConnectionType<C = unknown> {
  id: string;
  displayName: string;
  /** Fields marked with `.meta({'x-secret': true})` are sealed and never shown. */
  configSchema: z.ZodObject;
  /** Fields with the address to which secrets are sent: when one changes, the secrets have to be sent again. */
  addressFields: readonly (keyof C & string)[];
  /** Checks whether the provider accepts the credentials, and returns a text about it. @throws {ProviderFailure} */
  test(config: C, call: ConnectionCall): Promise<string>;
  /** Notifies people (`notification.send`); absent = the type cannot. Returns the id of the message, if it has one. */
  notify?: {
    /** Whether recipients must be named; the type defines their form. */
    recipients: 'required' | 'optional';
    /** @throws {ProviderFailure} */
    send(config: C, message: NotifyMessage, to: string, call: NotifyCall): Promise<string | null>;
  };
  /** Return the choices for fields; `given` are the choices made before. @throws {ProviderFailure} */
  options: Readonly<
    Record<string, (config: C, given: Readonly<Record<string, string>>, call: ConnectionCall) => Promise<Option[]>>
  >;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- configs differ per type; each is parsed by its own schema first
export type AnyConnectionType = ConnectionType<any>;

/** Returns the types by id. @throws {Error} when two have the same id */
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
 * Returns an earlier choice that the options of another field depend on. @throws {ProviderFailure} config_invalid, with
 * the name of the field, when it was not made
 */
export function requireChoice(given: Readonly<Record<string, string>>, name: string): string {
  const value = given[name];
  if (value) return value;
  throw new ProviderFailure('config_invalid', `Choose ${name} first: ?${name}=…`, { retryable: false });
}

/** Returns the names of the fields that are sealed. */
export function secretFieldsOf({ configSchema }: AnyConnectionType): string[] {
  return Object.keys(configSchema.shape).filter((name) => isFlagged(configSchema, [name], ['x-secret']));
}
