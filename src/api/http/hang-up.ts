import type { Request } from 'express';
import { FermataError } from '../../domain/errors';

/** Reports that the caller of a request has disconnected. */
export interface HangUp {
  /** Aborts with `request_timeout` when the caller disconnects. */
  signal: AbortSignal;
  /** Stops watching the connection; call it after the answer. */
  end(): void;
}

/** Watches the connection of a request, for work that is not worth finishing without its caller. */
export function untilHungUp({ socket }: Request): HangUp {
  const controller = new AbortController();
  const abort = () => controller.abort(new FermataError('request_timeout', 'The caller has closed the connection.'));
  if (socket.destroyed) abort();
  socket.once('close', abort);
  return { signal: controller.signal, end: () => void socket.off('close', abort) };
}
