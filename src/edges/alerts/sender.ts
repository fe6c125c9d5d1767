import type { IncomingAlert } from '../../domains/alert/incoming-alert';

/** An element of a message: an alert, an action on one of our objects, a rejected element or one to ignore. */
export type Element =
  { kind: 'alert'; alert: IncomingAlert; link?: Link } | { kind: 'nothing' } | { kind: 'refused'; message: string };

/** An action in the sender's product on an object that we created there; the key is the id of our alert or incident. */
export interface Link {
  key: string;
  /** The person or program that took the action in the other product. */
  by: string;
  action: 'acknowledged' | 'resolved' | 'other';
  /** Event that reports the resolution. */
  event: string;
  payload: Record<string, unknown>;
}

/** The content of a message, in the form that is common to all senders. */
export interface SenderMessage {
  elements: Element[];
  /** Id of the delivery, which the sender keeps when it retries. */
  deliveryId?: string;
  /** Warnings for the operator, e.g. about alerts that the sender left out. */
  warnings?: string[];
}

/** Reads the webhooks of one vendor. */
export interface AlertSender {
  /** Last segment of `/ingest/{sender}`. It is also the `source` of the alerts and the prefix of their ids. */
  id: string;
  summary: string;
  /** Reads a parsed body. @throws {ElementError} when it contains no elements */
  read(body: unknown): SenderMessage;
}

/** Explains to the sender's operator why an element is not a valid alert. */
export class ElementError extends Error {
  override readonly name = 'ElementError';
}

/** Reads one element; an `ElementError` rejects that element only. */
export function element(read: () => Element): Element {
  try {
    return read();
  } catch (error) {
    if (error instanceof ElementError) return { kind: 'refused', message: error.message };
    throw error;
  }
}
