import type { Executor } from '../../db/executor';
import { keepRefusals } from '../../db/refused-deliveries';
import type { Clock, Ids } from '../../domain/clock';
import type { FermataError } from '../../domain/errors';
import type { Logger } from '../../log';
import type { ProcessCounters } from '../../process-counters';
import { ANONYMOUS, type Principal } from '../auth/principal';
import type { Route } from './route';

export interface RefusedDeliveryDeps {
  db: Executor;
  clock: Clock;
  ids: Ids;
  log: Logger;
  counters: Pick<ProcessCounters, 'count'>;
}

/** Maximum length of a stored message, in characters. */
const MESSAGE_LIMIT = 1000;

/** What was refused, and from whom. */
export interface RefusedElements {
  route: string;
  /** Name of the sender's token or hook. */
  sender: string;
  code: string;
  /** Refused elements, with their positions in the message. `index` is null if the whole message was refused. */
  refused: readonly { index: number | null; message: string }[];
}

/** Counts refused elements, and stores the newest of them for `GET /deliveries/refused`. */
export async function reportRefused(deps: RefusedDeliveryDeps, { refused, ...about }: RefusedElements): Promise<void> {
  if (refused.length === 0) return;
  const { route, code } = about;
  deps.counters.count('fermata_refused_deliveries_total', { code, route }, refused.length);
  const at = deps.clock.now();
  const rows = refused.map(({ index, message }) => ({
    ...{ id: deps.ids.next(), ...about, index, at },
    message: message.slice(0, MESSAGE_LIMIT).toWellFormed(),
  }));
  await keepRefusals(deps.db, rows);
}

/** Errors for messages that have already been reported. */
const reported = new WeakSet<FermataError>();

/** Marks an error whose message has already been reported, so that `reportRequest` ignores it. Returns the error. */
export function asReported(error: FermataError): FermataError {
  reported.add(error);
  return error;
}

/**
 * Reports a refused request to an inbound route, unless it has already been reported. A request that exceeds the rate
 * limit or whose sender is unknown is only counted. If the database is unreachable, the request is only counted and
 * logged.
 */
export async function reportRequest(
  deps: RefusedDeliveryDeps,
  { route, principal }: { route: Route; principal: Principal },
  refusal: FermataError,
): Promise<void> {
  if (route.effect !== 'inbound' || refusal.status >= 500 || reported.has(refusal)) return;
  const { code, message, data } = refusal;
  if (principal === ANONYMOUS || code === 'rate_limited') {
    deps.counters.count('fermata_refused_deliveries_total', { code, route: route.path });
    return;
  }
  const index = typeof data?.['index'] === 'number' ? data['index'] : null;
  const sender = principal.actor.name ?? principal.id;
  try {
    await reportRefused(deps, { route: route.path, sender, code, refused: [{ index, message }] });
  } catch (error) {
    deps.log.warn({ err: error, route: route.path }, 'a refused delivery could not be stored');
  }
}
