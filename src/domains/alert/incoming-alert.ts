import type { AlertStatus, GroupFacts } from './alert-entity';

/** An alert in a message, in the form that is common to all senders. */
export interface IncomingAlert {
  /** Id of the entity, including the prefix for the sender. */
  fingerprint: string;
  status: AlertStatus;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Start of the episode; when absent, the time of receipt is used. */
  startsAt?: Date;
  /** End of the episode; absent while it is open, or when the sender of a resolved alert does not report it. */
  endsAt?: Date;
  source: string;
  receiver?: string;
  generatorUrl?: string;
  dashboardUrl?: string;
  silenceUrl?: string;
  value?: unknown;
  /**
   * Set when messages of this type leave out labels and annotations. The known ones are then kept, except the labels
   * named in `replaces`, and those of the message are added.
   */
  partial?: { replaces: readonly string[] };
  /** Facts about the group; when absent, those of the last message are kept. */
  group?: GroupFacts;
  /** Acknowledgement by the sender; absent = unchanged, `by` null = withdrawn. */
  acknowledged?: { by: string | null };
}
