/** A silence to create in the Alertmanager that a connection names. */
export interface RemoteSilence {
  /** In Alertmanager's syntax; empty for a silence of one alert. */
  matchers: readonly string[];
  /** Labels of the one alert to silence; empty for a silence by matchers. */
  labels: Readonly<Record<string, string>>;
  endsAt: Date;
  comment: string;
  createdBy: string;
  /** The same key at every attempt: a silence that was created with it is not created again. */
  idempotencyKey: string;
}

interface RemoteCall {
  signal: AbortSignal;
  timeoutMs: number;
  now: Date;
}

/** Silences outside of this service. `connection` is the opened config of a connection of the type `alertmanager`. */
export interface RemoteSilences {
  /** Creates a silence, or finds the one that was created with the same key. Returns its id in Alertmanager. */
  create(connection: unknown, silence: RemoteSilence, call: RemoteCall): Promise<string>;
  /** Ends a silence; does nothing when it has ended or is unknown there. */
  expire(connection: unknown, id: string, call: RemoteCall): Promise<void>;
}
