import type { AlertStatus, GroupFacts } from './alert-entity';

/** An alert as an adapter understood its sender. */
export interface IncomingAlert {
  /** Id of the entity, with the sender's prefix. */
  fingerprint: string;
  status: AlertStatus;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Absent = unknown; then the time of receipt. */
  startsAt?: Date;
  /** Absent = open, or unknown for a resolved one. */
  endsAt?: Date;
  source: string;
  receiver?: string;
  generatorUrl?: string;
  dashboardUrl?: string;
  silenceUrl?: string;
  value?: unknown;
  /**
   * Set when the sender leaves out labels and annotations in messages of this type: those that are known stay, except the
   * labels named in `replaces`; the message adds what is not known.
   */
  partial?: { replaces: readonly string[] };
  /** What the message says of the group; absent = nothing, the last one's stays. */
  group?: GroupFacts;
  /** What the sender says of acknowledgement; absent = nothing. `by` null = it was taken back. */
  acknowledged?: { by: string | null };
}
