import { startVendorServer, type VendorAnswer } from '../vendor-server';

type Body = Record<string, unknown>;
const STATUSES = ['operational', 'under_maintenance', 'degraded_performance', 'partial_outage', 'major_outage'];

/**
 * Starts a server for the REST API of Atlassian Statuspage (https://developer.statuspage.io/). It has one page, and a
 * group with one component.
 */
export async function startStatuspageServer({ apiKey }: { apiKey: string }) {
  const components: Body[] = [
    { id: 'grp', name: 'Shop', status: 'operational', group: true },
    { id: 'api', name: 'API', status: 'operational', group: false },
  ];
  const incidents: (Body & { incident_updates: Body[] })[] = [];
  /** Bodies of the updates that were sent to subscribers. */
  const notified: unknown[] = [];
  const failures: VendorAnswer[] = [];
  const invalid = (text: string): VendorAnswer => ({ status: 422, body: { error: [text] } });

  /**
   * Returns a refusal if a request violates the limits and values of
   * https://developer.statuspage.io/#operation/postPagesPageIdIncidents, otherwise null.
   */
  function refusal({ name, body, status, components: given, metadata }: Body): VendorAnswer | null {
    if (name !== undefined && String(name).length > 255) return invalid('Name is too long (maximum is 255 characters)');
    if (String(body ?? '').length > 25_000) return invalid('Body is too long (maximum is 25000 characters)');
    if (status !== undefined && !['investigating', 'identified', 'monitoring', 'resolved'].includes(String(status))) {
      return invalid('Status is not included in the list');
    }
    for (const [id, wanted] of Object.entries((given ?? {}) as Body)) {
      if (!components.some((one) => one['id'] === id)) return invalid(`Component ${id} does not exist`);
      if (!STATUSES.includes(String(wanted))) return invalid('Component status is not included in the list');
    }
    const isFlat = Object.values((metadata ?? {}) as Body).some((value) => typeof value !== 'object');
    return isFlat ? invalid('Metadata must have objects as its top-level values') : null;
  }

  function change(incident: (typeof incidents)[number], given: Body): VendorAnswer {
    const { body, status, deliver_notifications: notify = true, components: wanted, ...rest } = given;
    Object.assign(incident, rest, status === undefined ? {} : { status });
    if (body !== undefined || status !== undefined) {
      incident.incident_updates.unshift({ status: incident['status'], body: body ?? null });
      if (notify === true) notified.push(body ?? null);
    }
    for (const [id, to] of Object.entries((wanted ?? {}) as Body)) {
      Object.assign(components.find((one) => one['id'] === id) ?? {}, { status: to });
    }
    return { status: 200, body: incident };
  }

  function onPage(method: string, path: string, body: Body): VendorAnswer {
    if (path === '' && method === 'GET') return { status: 200, body: { id: 'p1', name: 'Acme' } };
    if (path === '/components') return { status: 200, body: components };
    const component = components.find(({ id }) => path === `/components/${String(id)}`);
    if (component && method === 'PATCH') {
      const { status } = body['component'] as Body;
      if (!STATUSES.includes(String(status))) return invalid('Status is not included in the list');
      return { status: 200, body: Object.assign(component, { status }) };
    }
    const given = (body['incident'] ?? {}) as Body;
    if (path === '/incidents' && method === 'POST') {
      if (!given['name']) return invalid("Name can't be blank");
      const refused = refusal(given);
      if (refused) return refused;
      const id = `i${incidents.length + 1}`;
      const made = { id, status: 'investigating', shortlink: `https://stspg.io/${id}`, incident_updates: [] };
      incidents.unshift(made);
      return { ...change(made, given), status: 201 };
    }
    if (path === '/incidents') return { status: 200, body: incidents };
    if (path === '/incidents/unresolved') {
      return { status: 200, body: incidents.filter(({ status }) => status !== 'resolved') };
    }
    const incident = incidents.find(({ id }) => path === `/incidents/${String(id)}`);
    if (incident && method === 'GET') return { status: 200, body: incident };
    if (incident && method === 'PATCH') return refusal(given) ?? change(incident, given);
    return { status: 404, body: { error: 'Not found' } };
  }

  const server = await startVendorServer(({ method, path: full, headers, body }) => {
    // https://developer.statuspage.io/#section/Authentication
    if (headers['authorization'] !== `OAuth ${apiKey}`) {
      return { status: 401, body: { error: 'Could not authenticate' } };
    }
    const failure = failures.shift();
    if (failure) return failure;
    const [path = ''] = full.split('?');
    if (path === '/v1/pages') return { status: 200, body: [{ id: 'p1', name: 'Acme' }] };
    if (path !== '/v1/pages/p1' && !path.startsWith('/v1/pages/p1/'))
      return { status: 404, body: { error: 'Not found' } };
    return onPage(method, path.slice('/v1/pages/p1'.length), (body === '' ? {} : JSON.parse(body)) as Body);
  });
  return { ...server, components, incidents, notified, failures };
}
