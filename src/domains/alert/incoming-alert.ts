import type { AlertStatus, GroupFacts } from './alert-entity';

/** An alert from a message, in a form common to all senders. */
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
   * Set when messages of this type may leave out labels and annotations. The message then adds its labels and
   * annotations to the known labels and annotations. Known values are kept, except for the labels in `replaces`. If
   * `replacesAnnotations` is set, annotations of the same name are replaced as well.
   */
  partial?: { replaces: readonly string[]; replacesAnnotations?: boolean };
  /** Facts about the group. Absent facts keep the values of the last message that carried them. */
  group?: Partial<GroupFacts>;
  /** The sender's acknowledgement. If absent, nothing changes. If `by` is null, the acknowledgement was withdrawn. */
  acknowledged?: { by: string | null };
}
