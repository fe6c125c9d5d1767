import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { startEngine, type Engine, type StepRow } from '../support/engine';
import { hasOpenssh } from '../support/openssh';
import { until } from '../support/until';
import type { VendorRequest } from '../support/vendor-server';
import { connectVendors, startVendors, type Vendors } from '../support/vendors/every-action';
import { startTeamsServer } from '../support/vendors/teams-server';

type Fields = Record<string, unknown>;
/** A provider action, and what may happen when its step is repeated after a crash. */
interface Row {
  action: string;
  config: Fields;
  /**
   * What happens when the step is repeated. `once`: the vendor receives only one request. `same`: the vendor receives
   * the same request again, without a further effect. `again`: the effect happens twice.
   */
  repeat: 'once' | 'same' | 'again';
  /** Returns one entry for each time that the provider accepted the action: the key, or the whole effect. */
  accepted(): unknown[];
}

const WORKER_MAIL = 'ops@example.org';
const POINT = 'failpoint after-effect-before-completion reached';

/** Returns the bodies of the requests with the given method and a matching path. */
function bodies(requests: readonly VendorRequest[], method: string, path: RegExp): unknown[] {
  return requests.filter((one) => one.method === method && path.test(one.path)).map(({ body }) => body);
}

const kube = '/apis/apps/v1/namespaces/default';

/** Creates objects at the vendors before the run, so that each step has a separate target. */
async function seed(vendors: Vendors): Promise<void> {
  const { slack, github, gitlab, servicenow, statuspage, kubernetes } = vendors;
  statuspage.incidents.push({ id: 'seed', name: 'Seed', status: 'investigating', incident_updates: [] });
  slack.messages.push({ ts: '1.1', channel: 'C0OPS', text: 'Down', reactions: [] });
  slack.messages.push({ ts: '1.2', channel: 'C0OPS', text: 'Down', reactions: [] });
  for (const number of [1, 2]) {
    const html_url = `https://github.example/acme/shop/issues/${number}`;
    github.issues.push({ number, html_url, title: 'Seed', body: '', state: 'open' });
  }
  gitlab.issues.push({ iid: 1, title: 'Seed', web_url: 'https://gitlab.example/acme/shop/-/issues/1' });
  for (const id of ['idA', 'idB']) servicenow.incidents.push({ sys_id: id, number: id, state: '1' });
  const template = { metadata: { labels: { app: 'shop' } }, spec: {} };
  for (const name of ['restart', 'undo', 'scale']) {
    await kubernetes.create(`${kube}/deployments`, { metadata: { name }, spec: { template } });
  }
  const { metadata } = (await kubernetes.read(`${kube}/deployments/undo`)) as { metadata: { uid: string } };
  const ownerReferences = [{ kind: 'Deployment', uid: metadata.uid }];
  const annotations = { 'deployment.kubernetes.io/revision': '1' };
  await kubernetes.create(`${kube}/replicasets`, {
    metadata: { name: 'undo-1', ownerReferences, annotations },
    spec: { template },
  });
  const pods = '/api/v1/namespaces/default/pods';
  await kubernetes.create(pods, { metadata: { name: 'shop-0' }, spec: {} });
  await kubernetes.create(pods, { metadata: { name: 'on-n3' }, spec: { nodeName: 'n3' } });
  for (const name of ['n1', 'n2', 'n3']) await kubernetes.create('/api/v1/nodes', { metadata: { name }, spec: {} });
}

type Connections = Awaited<ReturnType<typeof connectVendors>> & { teams: Fields; smtp: string };

function slackRows({ slack }: Vendors, { slack: on }: Connections): Row[] {
  const row = (action: string, config: Fields, repeat: Row['repeat'], accepted: () => unknown[]): Row => ({
    ...{ action: `integration-slack.${action}`, config: { ...on, ...config }, repeat, accepted },
  });
  const calls = (method: string) => () => bodies(slack.requests, 'POST', new RegExp(`^/api/${method}$`));
  return [
    row('post_message', { channel: '#ops', text: 'Posted' }, 'once', calls('chat.postMessage')),
    row('update_message', { channel: 'C0OPS', ts: '1.1', text: 'Up' }, 'same', calls('chat.update')),
    row('add_reaction', { channel: 'C0OPS', ts: '1.2', name: 'eyes' }, 'same', calls('reactions.add')),
    row('upload_file', { channel: 'C0OPS', filename: 'a.txt', content: 'x' }, 'once', () => slack.files),
    row('open_channel', { name: 'incident-1' }, 'once', () =>
      slack.channels.filter(({ name }) => name === 'incident-1'),
    ),
    row('set_topic', { channel: 'C0RND', topic: 'Down' }, 'same', calls('conversations.setTopic')),
  ];
}

function pagerRows({ pagerduty, opsgenie }: Vendors, connections: Connections): Row[] {
  const keys = (action: string) => () =>
    pagerduty.events.filter((one) => one.event_action === action).map(({ dedup_key: key }) => key);
  const aliases = (name: string) => () =>
    opsgenie.changes.filter(({ change }) => change === name).map(({ alias, body }) => [alias, body]);
  const page = (action: string, config: Fields, repeat: Row['repeat'], accepted: () => unknown[]): Row => ({
    ...{ action: `integration-pagerduty.${action}`, config: { ...connections.pagerduty, ...config }, repeat, accepted },
  });
  const alert = (action: string, config: Fields, repeat: Row['repeat'], accepted: () => unknown[]): Row => ({
    ...{ action: `integration-opsgenie.${action}`, config: { ...connections.opsgenie, ...config }, repeat, accepted },
  });
  return [
    page('trigger', { summary: 'Down', severity: 'critical', source: 'db' }, 'same', keys('trigger')),
    page('acknowledge', { dedupKey: 'k' }, 'same', keys('acknowledge')),
    page('resolve', { dedupKey: 'k' }, 'same', keys('resolve')),
    page('add_note', { incidentId: 'P1', note: 'Looking' }, 'once', () => pagerduty.notes),
    alert('create_alert', { message: 'Down' }, 'same', aliases('create')),
    alert('acknowledge', { alias: 'a' }, 'same', aliases('acknowledge')),
    alert('close_alert', { alias: 'a' }, 'same', aliases('close')),
    // Opsgenie has no idempotency keys for notes.
    alert('add_note', { alias: 'a', note: 'Looking' }, 'again', aliases('notes')),
  ];
}

function forgeRows({ github, gitlab }: Vendors, connections: Connections): Row[] {
  const hub = (action: string, config: Fields, repeat: Row['repeat'], accepted: () => unknown[]): Row => ({
    ...{ action: `integration-github.${action}`, config: { ...connections.github, ...config }, repeat, accepted },
  });
  const lab = (action: string, config: Fields, repeat: Row['repeat'], accepted: () => unknown[]): Row => ({
    ...{ action: `integration-gitlab.${action}`, config: { ...connections.gitlab, ...config }, repeat, accepted },
  });
  const retried = () => bodies(gitlab.requests, 'POST', /\/jobs\/11\/retry$/);
  const closed = () => bodies(github.requests, 'PATCH', /\/issues\/2$/);
  return [
    hub('create_issue', { title: 'Down', body: 'db' }, 'once', () =>
      github.issues.filter(({ title }) => title === 'Down'),
    ),
    hub('comment', { issueNumber: 1, body: 'Looking' }, 'once', () => github.comments),
    hub('close_issue', { issueNumber: 2 }, 'same', closed),
    hub('dispatch_workflow', { workflow: 'deploy.yml', ref: 'main' }, 'once', () => github.runs),
    // The same status is added again, so the deployment does not change.
    hub('create_deployment_status', { deploymentId: 7, state: 'success' }, 'same', () => github.statuses),
    hub('create_check', { headSha: 'abc', name: 'Fermata', conclusion: 'success' }, 'once', () => github.checks),
    lab('create_issue', { title: 'Down', body: 'db' }, 'once', () =>
      gitlab.issues.filter(({ title }) => title === 'Down'),
    ),
    lab('comment', { issueNumber: 1, body: 'Looking' }, 'once', () => gitlab.notes),
    lab('trigger_pipeline', { ref: 'main' }, 'once', () => gitlab.pipelines),
    lab('retry_job', { jobId: 11 }, 'once', retried),
  ];
}

function kubernetesRows({ kubernetes }: Vendors, { kubernetes: on }: Connections): Row[] {
  const sent = (method: string, path: string) => () =>
    bodies(kubernetes.requests, method, new RegExp(`${path}($|\\?)`));
  const row = (action: string, config: Fields, repeat: Row['repeat'], accepted: () => unknown[]): Row => ({
    ...{ action: `integration-kubernetes.${action}`, config: { ...on, ...config }, repeat, accepted },
  });
  return [
    row('rollout_restart', { name: 'restart' }, 'same', sent('PATCH', '/deployments/restart')),
    row('rollout_undo', { name: 'undo', toRevision: 1 }, 'same', sent('PATCH', '/deployments/undo')),
    row('scale', { name: 'scale', replicas: 2 }, 'same', sent('PATCH', '/deployments/scale/scale')),
    row('cordon', { name: 'n1' }, 'same', sent('PATCH', '/nodes/n1')),
    row('uncordon', { name: 'n2' }, 'same', sent('PATCH', '/nodes/n2')),
    row('drain', { name: 'n3', force: true }, 'once', sent('POST', '/pods/on-n3/eviction')),
    // Deletes the pod by its uid. A new pod with the same name is created below.
    row('delete_pod', { name: 'shop-0' }, 'same', sent('DELETE', '/pods/shop-0')),
    // The second request is refused because a Job with the name exists.
    row('run_job', { name: 'migrate', image: 'app:1', wait: false }, 'same', sent('POST', '/jobs')),
    row(
      'patch',
      { kind: 'ConfigMap', name: 'shop', patch: { data: { a: 'b' } } },
      'same',
      sent('PATCH', '/configmaps/shop'),
    ),
  ];
}

function servicenowRows({ servicenow }: Vendors, { servicenow: on }: Connections): Row[] {
  const row = (action: string, config: Fields, repeat: Row['repeat'], accepted: () => unknown[]): Row => ({
    ...{ action: `integration-servicenow.${action}`, config: { ...on, ...config }, repeat, accepted },
  });
  const created = () => servicenow.incidents.filter((one) => one['correlation_id'] !== undefined);
  const patched = (id: string) => () => bodies(servicenow.requests, 'PATCH', new RegExp(`/incident/${id}$`));
  return [
    row('create_incident', { shortDescription: 'Down' }, 'once', created),
    // The columns get the same values, but ServiceNow has no idempotency keys for work notes.
    row('update', { sysId: 'idA', fields: { urgency: '1' }, workNotes: 'Looking' }, 'again', patched('idA')),
    row('resolve', { sysId: 'idB', closeNotes: 'Restarted' }, 'same', patched('idB')),
  ];
}

function statuspageRows({ statuspage }: Vendors, { statuspage: on }: Connections): Row[] {
  const row = (action: string, config: Fields, repeat: Row['repeat'], accepted: () => unknown[]): Row => ({
    ...{ action: `integration-statuspage.${action}`, config: { ...on, ...config }, repeat, accepted },
  });
  const created = () => statuspage.incidents.filter(({ id }) => id !== 'seed');
  const updates = () => statuspage.incidents.find(({ id }) => id === 'seed')?.incident_updates ?? [];
  const sent = () => bodies(statuspage.requests, 'PATCH', /\/components\/api$/);
  return [
    row('create_incident', { name: 'Down', body: 'Looking' }, 'once', created),
    row('update_incident', { incidentId: 'seed', status: 'monitoring', body: 'Better' }, 'once', updates),
    row('set_component', { componentId: 'api', status: 'partial_outage' }, 'same', sent),
  ];
}

/**
 * Tests whether a vendor acts only once when a worker dies between the vendor's response and the commit of the step.
 * integration-webhook.send is tested in attempts.test.ts, because a short call would block the workflow task of all
 * other branches.
 */
describe('a worker that is killed after the vendor has accepted', () => {
  let engine: Engine;
  let vendors: Vendors;
  let teams: Awaited<ReturnType<typeof startTeamsServer>>;
  let mail: SMTPServer;
  let rows: Row[] = [];
  let steps: StepRow[] = [];
  const mails: string[] = [];
  const before = new Map<string, number>();

  function otherRows(connections: Connections): Row[] {
    const { received } = engine.receiver;
    const { ssh } = vendors;
    const keysOf = (path: string) => () => received.filter((one) => one.path === path).map(({ key }) => key);
    const file = `${ssh?.directory}/commands`;
    const lines = () => readFileSync(file, 'utf8').trim().split('\n');
    const uploaded = () => [readFileSync(`${ssh?.directory}/app.conf`, 'utf8')];
    const onHost = connections.ssh;
    const overSsh: Row[] = [
      // A command runs at least once. A command that must not run twice has to check that itself.
      {
        action: 'integration-ssh.run',
        config: { ...onHost, command: `echo run >> ${file}` },
        repeat: 'again',
        accepted: lines,
      },
      {
        ...{ action: 'integration-ssh.upload', repeat: 'once', accepted: uploaded },
        config: { ...onHost, path: `${ssh?.directory}/app.conf`, content: 'x' },
      },
    ];
    const { http, teams: card, smtp } = connections;
    const request = { ...http, method: 'POST', path: '/orders' };
    return [
      ...(ssh === null ? [] : overSsh),
      { action: 'integration-http.request', config: request, repeat: 'same', accepted: keysOf('/orders') },
      {
        ...{ action: 'integration-http.poll_until', repeat: 'same', accepted: keysOf('/state') },
        config: { ...http, path: '/state', until: 'response.status == 200' },
      },
      // Power Automate workflows have no idempotency keys, and their response has no id to search for.
      {
        action: 'integration-teams.post_message',
        config: { ...card, body: 'Down' },
        repeat: 'again',
        accepted: () => teams.cards,
      },
      {
        ...{
          action: 'notification.send',
          repeat: 'once',
          accepted: () => mails.map((one) => /^Message-ID: .*$/m.exec(one)?.[0]),
        },
        config: { channel: smtp, to: WORKER_MAIL, title: 'Down', body: 'db' },
      },
    ];
  }

  async function startMail(): Promise<void> {
    mail = new SMTPServer({
      ...{ disabledCommands: ['STARTTLS'], authOptional: true },
      onData: (stream, _session, callback) => void text(stream).then((one) => (mails.push(one), callback())),
    });
    await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', resolve));
  }

  async function connectAll(): Promise<Connections> {
    const api = await engine.api();
    const connect = async (type: string, config: unknown) => {
      const name = `${type}-${randomUUID()}`;
      return String((await engine.call(api, 'POST', '/connections', { name, type, config }))['id']);
    };
    const { port } = mail.server.address() as AddressInfo;
    return {
      ...(await connectVendors(vendors, connect)),
      http: { connectionId: await connect('http', { baseUrl: engine.receiver.url }) },
      teams: { connectionId: await connect('teams', { workflowUrl: teams.workflowUrl }) },
      smtp: await connect('smtp', { host: '127.0.0.1', port, tls: 'none', from: 'fermata@example.org' }),
    };
  }

  beforeAll(async () => {
    [engine, vendors, teams] = await Promise.all([startEngine(), startVendors(), startTeamsServer()]);
    await startMail();
    await seed(vendors);
    const connections = await connectAll();
    rows = [
      ...[...slackRows(vendors, connections), ...pagerRows(vendors, connections), ...forgeRows(vendors, connections)],
      ...[...kubernetesRows(vendors, connections), ...servicenowRows(vendors, connections)],
      ...[...statuspageRows(vendors, connections), ...otherRows(connections)],
    ];
    const first = await engine.worker({ FERMATA_FAILPOINT: 'after-effect-before-completion:1:hold' });
    const branches = rows.map(({ action, config }) => ({ action, config, continue_on_error: true }));
    const id = await engine.save(
      JSON.stringify({
        ...{ name: 'Killed', mode: 'parallel', triggers: [{ event: 'automation.event', config: { type: 'killed' } }] },
        actions: [{ parallel: branches }],
      }),
    );
    await engine.emit('killed');
    await until(
      'every vendor has accepted',
      () => first.output().split(POINT).length - 1 === rows.length,
      60_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${first.output().slice(-10_000)}`);
    });
    for (const { action, accepted } of rows) before.set(action, accepted().length);
    await first.stop('SIGKILL');
    // A controller replaces the deleted pod with a pod of the same name.
    await vendors.kubernetes.create('/api/v1/namespaces/default/pods', { metadata: { name: 'shop-0' }, spec: {} });
    await engine.worker();
    const [run] = await engine.ended(1, id, 90_000);
    steps = await engine.steps(run?.id ?? '');
  }, 720_000);
  afterAll(async () => {
    await Promise.all([vendors.close(), teams.close(), new Promise<void>((resolve) => mail.close(resolve))]);
    await engine.close();
  });

  const checked = new Set<string>();
  const check = (action: string) => {
    checked.add(action);
    const index = rows.findIndex((row) => row.action === action);
    const row = rows[index];
    const step = steps.find(({ path }) => path === `actions[0].parallel[${index}]`);
    expect({ action, status: step?.status, error: step?.error, attempts: step?.attempts }).toEqual({
      ...{ action, status: 'success', error: null, attempts: 2 },
    });
    expect({ action, before: before.get(action) }).toEqual({ action, before: 1 });
    const accepted = row?.accepted() ?? [];
    expect({ action, times: accepted.length }).toEqual({ action, times: row?.repeat === 'once' ? 1 : 2 });
    expect(accepted.at(-1)).toEqual(accepted[0]);
    return accepted;
  };

  const [run, upload] = hasOpenssh ? [['ssh.run'], ['ssh.upload']] : [[], []];
  test.each([
    ...['slack.post_message', 'slack.upload_file', 'slack.open_channel', 'pagerduty.add_note'],
    ...['github.create_issue', 'github.comment', 'github.dispatch_workflow', 'github.create_check'],
    ...['gitlab.create_issue', 'gitlab.comment', 'gitlab.trigger_pipeline', 'gitlab.retry_job'],
    ...['kubernetes.drain', 'servicenow.create_incident'],
    ...['statuspage.create_incident', 'statuspage.update_incident', ...upload],
  ])('integration-%s acts once: a repeat finds the result of the first attempt', (name) => {
    check(`integration-${name}`);
  });

  test.each([
    ...['slack.update_message', 'slack.add_reaction', 'slack.set_topic'],
    ...['pagerduty.trigger', 'pagerduty.acknowledge', 'pagerduty.resolve'],
    ...['opsgenie.create_alert', 'opsgenie.acknowledge', 'opsgenie.close_alert'],
    ...['github.close_issue', 'github.create_deployment_status', 'servicenow.resolve'],
    ...['kubernetes.rollout_restart', 'kubernetes.rollout_undo', 'kubernetes.scale', 'kubernetes.cordon'],
    ...['kubernetes.uncordon', 'kubernetes.delete_pod', 'kubernetes.run_job', 'kubernetes.patch'],
    ...['statuspage.set_component', 'http.request', 'http.poll_until'],
  ])('integration-%s repeats its request with the same key', (name) => {
    const [key] = check(`integration-${name}`);
    expect(key).toBeTruthy();
  });

  test.each(['opsgenie.add_note', 'teams.post_message', 'servicenow.update', ...run])(
    'integration-%s may act twice, as its documentation says',
    (name) => {
      check(`integration-${name}`);
    },
  );

  test('a delivered mail is not sent again', () => {
    expect(check('notification.send')).toEqual([expect.stringContaining('Message-ID: <')]);
  });

  test('a new pod with the name of the deleted pod is kept', async () => {
    expect(await vendors.kubernetes.read('/api/v1/namespaces/default/pods/shop-0')).not.toBeNull();
  });

  test('a reaction and a job exist once', () => {
    expect(vendors.slack.messages.find(({ ts }) => ts === '1.2')?.reactions).toEqual(['eyes']);
    const paths = vendors.kubernetes.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/jobs'));
    const names = paths.map(({ body }) => (JSON.parse(body) as { metadata: { name: string } }).metadata.name);
    expect(new Set(names).size).toBe(1);
  });

  test('each action has a test in this file', () => {
    expect(steps.filter(({ path }) => path.startsWith('actions[0].parallel['))).toHaveLength(rows.length);
    expect([...checked].sort()).toEqual(rows.map(({ action }) => action).sort());
  });
});
