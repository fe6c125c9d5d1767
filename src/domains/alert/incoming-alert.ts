import type { AlertStatus, GroupFacts } from './alert-entity';

/** An alert from a message, in the common form of all senders. */
export interface IncomingAlert {
  /** Id of the entity, including the prefix for the sender. */
  fingerprint: string;
  status: AlertStatus;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Start of the episode. Default: the time of receipt. */
  startsAt?: Date;
  /** End of the episode; absent while it is open, or when the sender of a resolved alert does not report its end. */
  endsAt?: Date;
  source: string;
  receiver?: string;
  generatorUrl?: string;
  dashboardUrl?: string;
  silenceUrl?: string;
  value?: unknown;
  /**
   * Set when messages of this type leave out labels and annotations. The labels and annotations that are already known
   * are then kept, except the labels named in `replaces`, and those in the message are added.
   */
  partial?: { replaces: readonly string[] };
  /** Facts about the group. Default: those of the last message. */
  group?: GroupFacts;
  /** Acknowledgement by the sender; absent = unchanged, `by` null = the acknowledgement was withdrawn. */
  acknowledged?: { by: string | null };
}
