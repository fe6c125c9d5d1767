/** A silence to create in the Alertmanager that a connection names. */
export interface RemoteSilence {
  /** Matchers in Alertmanager's syntax; empty for a silence of one alert. */
  matchers: readonly string[];
  /** Labels of the one alert to silence; empty for a silence that is defined by matchers. */
  labels: Readonly<Record<string, string>>;
  endsAt: Date;
  comment: string;
  createdBy: string;
  /** The same key in every attempt, so that a retry finds the silence that an earlier attempt created. */
  idempotencyKey: string;
}

interface RemoteCall {
  signal: AbortSignal;
  timeoutMs: number;
  now: Date;
}

/** Silences in other services. `connection` is the decrypted config of a connection of the type `alertmanager`. */
export interface RemoteSilences {
  /** Creates a silence, or finds the one that was created with the same key. Returns its id in Alertmanager. */
  create(connection: unknown, silence: RemoteSilence, call: RemoteCall): Promise<string>;
  /** Ends a silence; does nothing when Alertmanager does not know it or has already ended it. */
  expire(connection: unknown, id: string, call: RemoteCall): Promise<void>;
}
