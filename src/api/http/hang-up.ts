import type { Request } from 'express';
import { FermataError } from '../../domain/errors';

/** Detects that the caller of a request has disconnected. */
export interface HangUp {
  /** Aborts with `request_timeout` when the caller disconnects. */
  signal: AbortSignal;
  /** Stops watching the connection. Call it after sending the response. */
  end(): void;
}

/** Watches the connection of a request, so that work can stop when the caller disconnects. */
export function untilHungUp({ socket }: Request): HangUp {
  const controller = new AbortController();
  const abort = () => controller.abort(new FermataError('request_timeout', 'The caller has closed the connection.'));
  if (socket.destroyed) abort();
  socket.once('close', abort);
  return { signal: controller.signal, end: () => void socket.off('close', abort) };
}
