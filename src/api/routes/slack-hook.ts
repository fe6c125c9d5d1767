import { z } from 'zod';
import { findConnection } from '../../db/connections';
import type { EntityStore } from '../../db/entity-store';
import type { Executor } from '../../db/executor';
import type { Notifier } from '../../db/notifier';
import type { Clock } from '../../domain/clock';
import { FermataError } from '../../domain/errors';
import { expectationOf } from '../../domain/hooks/scheme';
import type { Cipher } from '../../domain/secrets/cipher';
import { readSlackDelivery, receiveSlack } from '../../edges/hooks/slack';
import { verifySender } from '../../edges/hooks/verify-sender';
import type { AnyConnectionType } from '../../integrations/connections/connection-type';
import { openConnection } from '../../integrations/connections/open-connection';
import { createPostgresSecrets } from '../../integrations/secret-backend';
import { decodeUtf8, mediaTypeOf } from '../http/body';
import { repeatOnDeadlock } from '../http/repeat-on-deadlock';
import { inboundRoute, json, type Route } from '../http/route';

interface SlackHookDeps {
  db: Executor;
  entities: EntityStore;
  clock: Clock;
  notifier: Notifier;
  cipher: Cipher;
  connectionTypes: ReadonlyMap<string, AnyConnectionType>;
}

const FORM = 'application/x-www-form-urlencoded';

/**
 * Returns the route that receives events, slash commands and button clicks from Slack. The sender is verified with the
 * connection's signing secret.
 */
export function slackHookRoute(deps: SlackHookDeps): Route {
  return inboundRoute({
    method: 'post',
    path: '/hooks/slack/{connection}',
    permission: 'public',
    operationId: 'hooks.slack',
    tag: 'Inbound',
    summary: 'Receive events, slash commands and buttons of a Slack app',
    description:
      'The signature (v0) covers the raw body; requests older than five minutes are refused. Accepted requests become `slack.event`, `slack.command` and `slack.button`; a repeated request has no effect.',
    params: z.object({ connection: z.string().min(1).max(200) }),
    bodyFormat: 'raw',
    documentedBody: {},
    bodyTypes: ['application/json', FORM],
    headers: { 'X-Slack-Signature': 'v0=…', 'X-Slack-Request-Timestamp': 'Unix time in seconds' },
    responses: {
      200: {
        description: 'Committed. The body is the challenge as text, the reply to a slash command, or empty',
        contentTypes: ['application/json', 'text/plain'],
      },
      401: { description: 'Connection not found, no signing secret, or a signature that is missing, wrong or expired' },
    },
    async handler({ params, request, raw, cause }) {
      const now = deps.clock.now();
      const secret = await signingSecretOf(deps, params.connection);
      const expected = expectationOf({ scheme: 'slack', header: null, options: {} });
      const secrets = secret === undefined ? [] : [secret];
      const verified = verifySender(expected, secrets, { headers: request.headers, raw, now });
      if (verified === null) throw refused();
      const isForm = mediaTypeOf(request.headers['content-type']) === FORM;
      const delivery = readSlackDelivery(decodeUtf8(raw), isForm);
      if (delivery.kind === 'challenge') {
        return { status: 200, body: delivery.challenge, contentType: 'text/plain; charset=utf-8' };
      }
      await repeatOnDeadlock(() =>
        deps.db.transaction((tx) =>
          receiveSlack({ tx, entities: deps.entities, cause, now }, params.connection, delivery, verified.signedHash),
        ),
      );
      deps.notifier.changes();
      if (delivery.reply === undefined) return { status: 200 };
      return json(200, { response_type: 'ephemeral', text: delivery.reply });
    },
  });
}

/**
 * Returns the signing secret of a connection. Returns undefined if the connection does not exist or cannot be used. The
 * caller has not been verified at this point, so it must not receive any details.
 */
async function signingSecretOf(deps: SlackHookDeps, id: string): Promise<string | undefined> {
  const row = await findConnection(deps.db, id);
  const type = deps.connectionTypes.get('slack');
  if (row?.type !== 'slack' || type === undefined) return undefined;
  const backend = createPostgresSecrets({ db: deps.db, cipher: deps.cipher });
  try {
    const { config } = await openConnection({ cipher: deps.cipher, backend }, type, row);
    return (config as { signingSecret?: string }).signingSecret;
  } catch (error) {
    if (error instanceof FermataError && error.code === 'config_invalid') return undefined;
    throw error;
  }
}

const refused = (): FermataError =>
  new FermataError(
    'unauthorized',
    'The connection does not exist or has no signingSecret, or the signature is missing, wrong or expired.',
  );
