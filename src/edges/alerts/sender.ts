import type { IncomingAlert } from '../../domains/alert/incoming-alert';

/** An element of a message: an alert, an element to ignore, or a rejected element. */
export type Element =
  { kind: 'alert'; alert: IncomingAlert; link?: Link } | { kind: 'nothing' } | { kind: 'refused'; message: string };

/**
 * An action that was taken in the sender's product. If `key` is the id of a Fermata alert or incident, the action is
 * applied to that alert or incident. Otherwise, the link is ignored, and the element is the sender's own alert.
 */
export interface Link {
  key: string;
  /** The person or program that took the action in the other product. */
  by: string;
  action: 'acknowledged' | 'resolved' | 'other';
  /** Name of the event to append when the action is `resolved`. */
  event: string;
  payload: Record<string, unknown>;
}

/** The content of a message in the format shared by all senders. */
export interface SenderMessage {
  elements: Element[];
  /** Id of the delivery, which stays the same when the sender retries. */
  deliveryId?: string;
  /** Warnings for the operator, e.g. about alerts that the sender left out. */
  warnings?: string[];
}

/** Reads the webhooks of one vendor. */
export interface AlertSender {
  /**
   * Last segment of `/ingest/{sender}`. It is also the `source` of the alerts and, except for Alertmanager, the prefix
   * of their ids.
   */
  id: string;
  /** What the routes receive, e.g. `alerts of Grafana Alerting`. Part of the route summaries. */
  receives: string;
  /**
   * Reads a parsed body.
   * @throws {ElementError} when it is not a message of this sender
   */
  read(body: unknown): SenderMessage;
}

/** Thrown for an element that is not a valid alert. The message is addressed to the sender's operator. */
export class ElementError extends Error {
  override readonly name = 'ElementError';
}

/**
 * Returns the element that `read` returns. If `read` throws an `ElementError`, returns a rejected element, so that the
 * other elements of the message are still processed.
 */
export function element(read: () => Element): Element {
  try {
    return read();
  } catch (error) {
    if (error instanceof ElementError) return { kind: 'refused', message: error.message };
    throw error;
  }
}
