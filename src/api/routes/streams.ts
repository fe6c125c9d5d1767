import type { Executor } from '../../db/executor';
import { getRun } from '../../db/run-queries';
import { FermataError } from '../../domain/errors';
import type { Authenticator, Credentials } from '../auth/authenticate';
import { streamRoute, type Route } from '../http/route';
import { IdParams, notFound, uuidOrNotFound } from '../http/values';
import { MAX_STREAMS_PER_TOKEN, type StreamConnections } from '../stream/connection';
import type { Feed } from '../stream/feed';
import { followAll, MAX_REPLAY } from '../stream/follow';
import { followRun } from '../stream/follow-run';
import type { WebUi } from './run-schema';

const HEADERS = { 'Last-Event-ID': 'Position to resume after; browsers send it when they reconnect' };
const DESCRIPTION = `Server-sent events named \`run\`, \`step\`, \`entity\`, \`alert\` and \`automation\`; each contains the state as JSON. Ids are positions in the total order of all changes. While a transaction with a lower position is open, events repeat an id below that position, so a reconnect loses nothing but may send some events again. At most ${MAX_REPLAY} positions are replayed; older ones are announced by an event \`gap\` with \`{after, until}\`, after which the state should be read again. A token may have ${MAX_STREAMS_PER_TOKEN} streams open per API process. A reader that falls more than 4 MB behind, or reads nothing for a minute, is disconnected and can resume.`;

interface StreamsDeps {
  db: Executor;
  feed: Feed;
  connections: StreamConnections;
  authenticator: Authenticator;
  webUi: WebUi;
}

/** Returns the routes for event streams. */
export function streamRoutes(deps: StreamsDeps): Route[] {
  return [
    everythingRoute(deps, '/stream', 'stream.follow'),
    // The same stream under another path.
    everythingRoute(deps, '/events/stream', 'events.follow'),
    runRoute(deps),
  ];
}

function everythingRoute(deps: StreamsDeps, path: string, operationId: string): Route {
  return streamRoute({
    method: 'get',
    ...{ path, operationId },
    permission: 'automation.read',
    tag: 'Streams',
    summary: 'Follow runs, steps, entities, alerts and automations',
    description: `${DESCRIPTION} Without \`Last-Event-ID\` the stream begins now.`,
    headers: HEADERS,
    responses: { 200: { description: 'The stream', contentTypes: ['text/event-stream'] } },
    async handler({ request, principal }, response) {
      const after = lastEventId(request.headers['last-event-id']);
      const stillAllowed = () => isValid(deps, request.headers);
      const connection = deps.connections.open(response, principal.tokenId, stillAllowed);
      await followAll(deps, connection, after);
    },
  });
}

function runRoute(deps: StreamsDeps): Route {
  return streamRoute({
    method: 'get',
    path: '/runs/{id}/stream',
    permission: 'automation.read',
    operationId: 'runs.follow',
    tag: 'Streams',
    summary: 'Follow one run to its end',
    description: `${DESCRIPTION} The stream begins with the current state and closes when the run has ended.`,
    params: IdParams,
    headers: HEADERS,
    responses: {
      200: { description: 'The stream', contentTypes: ['text/event-stream'] },
      404: { description: 'Run not found' },
    },
    async handler({ params, request, principal }, response) {
      const id = uuidOrNotFound(params.id, 'run');
      const after = lastEventId(request.headers['last-event-id']) ?? 0;
      if ((await getRun(deps.db, id)) === undefined) throw notFound('run', id);
      const stillAllowed = () => isValid(deps, request.headers);
      const connection = deps.connections.open(response, principal.tokenId, stillAllowed);
      await followRun(deps, connection, id, after);
    },
  });
}

/**
 * Returns whether the credentials of a stream are still valid. Only a refusal ends a stream; a short database outage
 * does not.
 */
async function isValid({ authenticator }: StreamsDeps, credentials: Credentials): Promise<boolean> {
  try {
    await authenticator.authenticate(credentials);
    return true;
  } catch (error) {
    return !(error instanceof FermataError && error.code === 'unauthorized');
  }
}

function lastEventId(header: string | string[] | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  throw new FermataError('bad_request', 'Last-Event-ID must be an id of this stream.');
}
