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
   * Set when the sender leaves out labels and annotations in messages of this type: known ones stay, except the labels
   * named in `replaces`, and the message adds the others.
   */
  partial?: { replaces: readonly string[] };
  /** Facts about the group; absent = those of the last message stay. */
  group?: GroupFacts;
  /** Acknowledgement by the sender; absent = unchanged. `by` null = it was withdrawn. */
  acknowledged?: { by: string | null };
}
