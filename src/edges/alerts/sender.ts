import type { IncomingAlert } from '../../domains/alert/incoming-alert';

/** An element of a message: an alert, a reason why it is none, or an element to ignore. */
export type Element =
  { kind: 'alert'; alert: IncomingAlert; link?: Link } | { kind: 'nothing' } | { kind: 'refused'; message: string };

/** A sender's action on an object of ours: its key is the id of an alert or incident here. */
export interface Link {
  key: string;
  /** The author in the other product. */
  by: string;
  action: 'acknowledged' | 'resolved' | 'other';
  /** Event that reports the resolution. */
  event: string;
  payload: Record<string, unknown>;
}

/** A body as a sender's adapter understood it. */
export interface SenderMessage {
  elements: Element[];
  /** Identifies the message at its sender: a retry keeps it. */
  deliveryId?: string;
  /** Warnings for the operator, e.g. about alerts that the sender left out. */
  warnings?: string[];
}

/** How the webhooks of one vendor are read. */
export interface AlertSender {
  /** Last segment of `/ingest/{sender}`; the alerts' `source`, and the prefix of their ids. */
  id: string;
  summary: string;
  /** Reads a parsed body. @throws {ElementError} when it contains no elements */
  read(body: unknown): SenderMessage;
}

/** Why something is no alert, for the sender's operator. */
export class ElementError extends Error {
  override readonly name = 'ElementError';
}

/** Reads one element; an `ElementError` refuses that element alone. */
export function element(read: () => Element): Element {
  try {
    return read();
  } catch (error) {
    if (error instanceof ElementError) return { kind: 'refused', message: error.message };
    throw error;
  }
}
