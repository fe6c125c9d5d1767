/** A silence to create in the Alertmanager that a connection names. */
export interface RemoteSilence {
  /** Matchers in Alertmanager's syntax; empty for a silence of a single alert. */
  matchers: readonly string[];
  /** Labels of the single alert to silence; empty for a silence that is defined by matchers. */
  labels: Readonly<Record<string, string>>;
  endsAt: Date;
  comment: string;
  createdBy: string;
  /** A key that is the same in every attempt, so that a retry finds the silence that an earlier attempt created. */
  idempotencyKey: string;
}

interface RemoteCall {
  signal: AbortSignal;
  timeoutMs: number;
  now: Date;
}

/**
 * Creates and ends silences in other services. `connection` is the decrypted config of a connection of the type
 * `alertmanager`.
 */
export interface RemoteSilences {
  /**
   * Creates a silence, or finds the silence that an earlier attempt created with the same key. Returns its id in
   * Alertmanager.
   */
  create(connection: unknown, silence: RemoteSilence, call: RemoteCall): Promise<string>;
  /** Ends a silence. Does nothing when Alertmanager has no such silence or has already ended it. */
  expire(connection: unknown, id: string, call: RemoteCall): Promise<void>;
}
