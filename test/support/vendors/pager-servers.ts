import { startVendorServer, type VendorAnswer } from '../vendor-server';

/** Starts a server for PagerDuty's Events API v2 and REST API. Both have the same address. */
export async function startPagerdutyServer({ routingKey, apiToken }: { routingKey: string; apiToken: string }) {
  const events: { event_action: string; dedup_key: string; payload?: Record<string, unknown> }[] = [];
  const notes: { id: string; content: string }[] = [];
  const failures: VendorAnswer[] = [];

  function enqueue(body: string): VendorAnswer {
    const event = JSON.parse(body) as (typeof events)[number] & { routing_key?: string };
    const errors: string[] = [];
    // https://developer.pagerduty.com/docs/events-api-v2-overview#response-codes--retry-logic
    if (event.routing_key !== routingKey) errors.push(`Invalid routing key ${event.routing_key ?? ''}`);
    if (event.event_action === 'trigger' && !event.payload?.['summary']) errors.push("'payload.summary' is missing");
    // https://developer.pagerduty.com/docs/send-alert-event
    if (String(event.payload?.['summary'] ?? '').length > 1_024) errors.push("'payload.summary' is too long");
    if (body.length > 524_288) return { status: 413, body: { message: 'Payload too large' } };
    if (event.dedup_key.length > 255) errors.push("'dedup_key' is too long");
    if (errors.length > 0) {
      return { status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors } };
    }
    events.push(event);
    return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key: event.dedup_key } };
  }

  const server = await startVendorServer(({ method, path, headers, body }) => {
    const failure = failures.shift();
    if (failure) return failure;
    if (path === '/v2/enqueue') return enqueue(body);
    if (headers['authorization'] !== `Token token=${apiToken}`) {
      return { status: 401, body: { error: { message: 'Unauthorized', code: 2006 } } };
    }
    const [place = ''] = path.split('?');
    if (place === '/abilities') return { status: 200, body: { abilities: [] } };
    if (place === '/schedules') return { status: 200, body: { schedules: [{ id: 'S1', name: 'Primary' }] } };
    if (place === '/escalation_policies')
      return { status: 200, body: { escalation_policies: [{ id: 'E1', name: 'All' }] } };
    if (place === '/oncalls') {
      const user = (id: string, name: string) => ({ id, name, email: `${name}@example.org` });
      const oncalls = [
        { escalation_level: 2, user: user('U2', 'bob') },
        { escalation_level: 1, user: user('U1', 'ada') },
        { escalation_level: 3, user: user('U1', 'ada') },
      ];
      return { status: 200, body: { oncalls } };
    }
    if (place === '/incidents/P1/notes') {
      if (method === 'GET') return { status: 200, body: { notes } };
      // https://developer.pagerduty.com/api-reference: "Requester User Not Found" without From.
      if (!headers['from'])
        return { status: 400, body: { error: { message: 'Requester User Not Found', code: 1008 } } };
      const note = {
        id: `N${notes.length + 1}`,
        content: (JSON.parse(body) as { note: { content: string } }).note.content,
      };
      notes.push(note);
      return { status: 201, body: { note } };
    }
    return { status: 404, body: { error: { message: 'Not Found', code: 2100 } } };
  });
  return { ...server, events, notes, failures };
}

/** Starts a server for Opsgenie's Alert API, which Jira Service Management also uses. */
export async function startOpsgenieServer({ apiKey }: { apiKey: string }) {
  const changes: { alias: string; change: string; body: Record<string, unknown> }[] = [];
  const failures: VendorAnswer[] = [];
  const invalid = (field: string, text: string): VendorAnswer => ({
    status: 422,
    body: { message: 'Request body is not processable. Please check the errors.', errors: { [field]: text }, took: 0 },
  });
  const server = await startVendorServer(({ method, path, headers, body }) => {
    if (headers['authorization'] !== `GenieKey ${apiKey}`) {
      // https://docs.opsgenie.com/docs/response#response-codes
      return { status: 401, body: { message: 'Could not authenticate', took: 0 } };
    }
    const failure = failures.shift();
    if (failure) return failure;
    if (method === 'GET' && path.startsWith('/v2/alerts/count')) return { status: 200, body: { data: { count: 2 } } };
    const given = (body === '' ? {} : JSON.parse(body)) as Record<string, unknown>;
    const accepted = { status: 202, body: { result: 'Request will be processed', took: 0.1, requestId: 'r-1' } };
    const [, encoded = '', change] =
      /^\/v2\/alerts\/([^/]+)\/(close|acknowledge|notes)\?identifierType=alias$/.exec(path) ?? [];
    if (method === 'POST' && path === '/v2/alerts') {
      // https://docs.opsgenie.com/docs/alerts-and-alert-fields
      if (String(given['message'] ?? '') === '') return invalid('message', 'Message can not be empty.');
      if (String(given['message']).length > 130) return invalid('message', 'Message can not be longer than 130.');
      if (String(given['alias'] ?? '').length > 512) return invalid('alias', 'Alias can not be longer than 512.');
      // https://docs.opsgenie.com/docs/alert-api#create-alert: 20 tags of 50 characters, 8,000 characters of details.
      const tags = (given['tags'] ?? []) as string[];
      if (tags.length > 20 || tags.some((tag) => tag.length > 50)) return invalid('tags', 'Tags are too long.');
      const details = Object.entries((given['details'] ?? {}) as Record<string, string>).flat();
      if (details.join('').length > 8_000) return invalid('details', 'Details can not be longer than 8000.');
      changes.push({ alias: String(given['alias']), change: 'create', body: given });
      return accepted;
    }
    if (method === 'POST' && change !== undefined) {
      if (change === 'notes' && !given['note']) return invalid('note', 'Note can not be empty.');
      changes.push({ alias: decodeURIComponent(encoded), change, body: given });
      return accepted;
    }
    return { status: 404, body: { message: 'Could not find a resource.', took: 0 } };
  });
  return { ...server, changes, failures };
}
