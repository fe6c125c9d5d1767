import type { IncomingAlert } from '../../domains/alert/incoming-alert';

/** One element of a message: an alert, a reason why it is none, or something to leave alone. */
export type Element =
  { kind: 'alert'; alert: IncomingAlert; link?: Link } | { kind: 'nothing' } | { kind: 'refused'; message: string };

/** What the sender says about something that may be ours: its key is the id of an alert or incident here. */
export interface Link {
  key: string;
  /** Who did it there. */
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
  /** What the operator should know, e.g. alerts that the sender left out. */
  warnings?: string[];
}

/** How one vendor's webhook is read. */
export interface AlertSender {
  /** Last part of `/ingest/{sender}`; the alerts' `source`, and the prefix of their ids. */
  id: string;
  summary: string;
  /** Reads a parsed body. @throws {ElementError} when no element can be made out */
  read(body: unknown): SenderMessage;
}

/** Why something is no alert, for the sender's operator. */
export class ElementError extends Error {
  override readonly name = 'ElementError';
}

/** Reads one element; what it throws as `ElementError` refuses that element alone. */
export function element(read: () => Element): Element {
  try {
    return read();
  } catch (error) {
    if (error instanceof ElementError) return { kind: 'refused', message: error.message };
    throw error;
  }
}
