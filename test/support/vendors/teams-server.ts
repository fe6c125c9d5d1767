import { startVendorServer, type VendorAnswer, type VendorRequest } from '../vendor-server';

const SIGNATURE = 'canary-workflow-signature';
/**
 * Maximum size of a message in bytes
 * (https://learn.microsoft.com/en-us/connectors/teams/#known-issues-and-limitations-with-actions). The card is counted
 * as a string inside the message: https://github.com/MicrosoftDocs/msteams-docs/issues/11274
 */
const MAX_BYTES = 28 * 1_024;

const refusal = (status: number, code: string, message: string): VendorAnswer => ({
  status,
  body: { error: { code, message } },
});

/**
 * Starts a server for a Power Automate workflow that posts cards to a channel, and for Microsoft Graph with application
 * permissions.
 */
export async function startTeamsServer() {
  const failures: VendorAnswer[] = [];
  const cards: { version: string; body: { text: string }[]; actions?: unknown[] }[] = [];
  /** Errors of workflow runs that fail after they have responded with 202. Their messages are not posted. */
  const lost: string[] = [];

  function workflow({ method, path, headers, body }: VendorRequest): VendorAnswer {
    if (!path.includes(`sig=${SIGNATURE}`)) {
      // https://learn.microsoft.com/en-us/azure/logic-apps/logic-apps-http-endpoint: the address contains its signature.
      return refusal(401, 'DirectApiAuthorizationRequired', 'The request must be authenticated by its signature.');
    }
    if (method !== 'POST') return refusal(404, 'WorkflowTriggerNotFound', 'The trigger does not accept this method.');
    const failure = failures.shift();
    if (failure) return failure;
    const isJson = String(headers['content-type']).startsWith('application/json');
    const message = (isJson ? JSON.parse(body) : {}) as {
      type?: string;
      attachments?: { contentType: string; contentUrl?: null; content: (typeof cards)[number] }[];
    };
    const [attachment] = message.attachments ?? [];
    // https://learn.microsoft.com/en-us/connectors/teams/#microsoft-teams-webhook: the trigger's schema.
    // contentUrl is required: https://github.com/laravel-notification-channels/microsoft-teams/issues/42
    const isAdaptive = attachment?.contentType === 'application/vnd.microsoft.card.adaptive';
    if (message.type !== 'message' || !isAdaptive || attachment.contentUrl !== null) {
      return refusal(
        400,
        'TriggerInputSchemaMismatch',
        'The input body for trigger "manual" did not match its schema.',
      );
    }
    const size = Buffer.byteLength(JSON.stringify(body));
    if (size > MAX_BYTES) lost.push(`MessageSizeExceeded-Actual message properties size: ${size} bytes`);
    // https://github.com/Skitionek/notify-microsoft-teams/issues/107
    else if (Number(attachment.content.version) > 1.4) lost.push('The version of the card is not supported');
    else cards.push(attachment.content);
    return { status: 202 };
  }

  const server = await startVendorServer((request) => {
    if (request.path.startsWith('/workflows/')) return workflow(request);
    if (request.path.endsWith('/oauth2/v2.0/token')) {
      return { status: 200, body: { token_type: 'Bearer', expires_in: 3_599, access_token: 'app' } };
    }
    if (request.method === 'POST' && request.path.startsWith('/v1.0/teams/')) {
      // https://learn.microsoft.com/en-us/graph/api/chatmessage-post: application permissions are for migration only.
      const message = 'Message POST is allowed in application-only context only for import purposes.';
      return refusal(403, 'Forbidden', message);
    }
    return refusal(404, 'NotFound', 'Resource not found.');
  });
  return {
    ...server,
    cards,
    lost,
    failures,
    workflowUrl: `${server.url}/workflows/w1/triggers/manual?sig=${SIGNATURE}`,
  };
}
