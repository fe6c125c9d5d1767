import { startGithubServer, startGitlabServer, startServicenowServer } from './forge-servers';
import { startOpsgenieServer, startPagerdutyServer } from './pager-servers';
import { hasOpenssh, startOpenssh } from '../openssh';
import { startKubernetesServer } from './kubernetes-server';
import { startSlackServer } from './slack-server';
import { startStatuspageServer } from './statuspage-server';

type Step = [action: string, config: Record<string, unknown>];

const PAGERDUTY = { routingKey: 'canary-routing-key', apiToken: 'canary-api-token' };
const OPSGENIE = { apiKey: 'canary-api-key' };
const SLACK = 'xoxb-canary';
const FORGE = { token: 'canary-forge-token' };
const STATUSPAGE = { apiKey: 'canary-statuspage-key' };
const SERVICENOW = { user: 'fermata', password: 'canary-password' };

export type Vendors = Awaited<ReturnType<typeof startVendors>>;

/** Starts a test server for each vendor that has one. */
export async function startVendors() {
  const servers = {
    slack: await startSlackServer(SLACK),
    pagerduty: await startPagerdutyServer(PAGERDUTY),
    opsgenie: await startOpsgenieServer(OPSGENIE),
    github: await startGithubServer(FORGE),
    gitlab: await startGitlabServer(FORGE),
    servicenow: await startServicenowServer(SERVICENOW),
    statuspage: await startStatuspageServer(STATUSPAGE),
    kubernetes: await startKubernetesServer(),
    ssh: hasOpenssh ? await startOpenssh() : null,
  };
  return { ...servers, close: () => Promise.all(Object.values(servers).map(async (server) => server?.close())) };
}

const KUBERNETES_STEPS: readonly Step[] = [
  ['rollout_restart', { name: 'shop' }],
  ['rollout_undo', { name: 'shop', toRevision: 1 }],
  ['scale', { name: 'shop', replicas: 2 }],
  ['get', { name: 'shop' }],
  ['patch', { kind: 'ConfigMap', name: 'shop', patch: { data: { a: 'b' } } }],
  ['delete_pod', { name: 'shop-0' }],
  ['run_job', { name: 'migrate', image: 'app:1', wait: false }],
  ['cordon', { name: 'n1' }],
  ['uncordon', { name: 'n1' }],
  ['drain', { name: 'n1' }],
];

async function seedKubernetes({ create }: Vendors['kubernetes']): Promise<void> {
  const apps = '/apis/apps/v1/namespaces/default';
  const template = { metadata: { labels: { app: 'shop' } }, spec: {} };
  const { metadata } = await create(`${apps}/deployments`, { metadata: { name: 'shop' }, spec: { template } });
  const ownerReferences = [{ kind: 'Deployment', uid: (metadata as { uid: string }).uid }];
  const annotations = { 'deployment.kubernetes.io/revision': '1' };
  await create(`${apps}/replicasets`, {
    metadata: { name: 'shop-1', ownerReferences, annotations },
    spec: { template },
  });
  await create('/api/v1/namespaces/default/pods', { metadata: { name: 'shop-0' }, spec: {} });
  await create('/api/v1/nodes', { metadata: { name: 'n1' }, spec: {} });
}

/** Creates connections to these vendors. Returns the config fields that all actions of a vendor need. */
export async function connectVendors(vendors: Vendors, connect: (type: string, config: unknown) => Promise<string>) {
  const { url } = vendors.pagerduty;
  const { ssh } = vendors;
  return {
    slack: {
      connectionId: await connect('slack', { botToken: SLACK, signingSecret: SLACK, baseUrl: vendors.slack.url }),
    },
    pagerduty: {
      connectionId: await connect('pagerduty', {
        ...{ ...PAGERDUTY, baseUrl: url, eventsUrl: url, fromEmail: 'ada@example.org' },
      }),
    },
    opsgenie: { connectionId: await connect('opsgenie', { ...OPSGENIE, baseUrl: vendors.opsgenie.url }) },
    http: { connectionId: await connect('http', { baseUrl: vendors.slack.url }) },
    github: {
      connectionId: await connect('github', { ...FORGE, baseUrl: vendors.github.url }),
      ...{ owner: 'acme', repo: 'shop' },
    },
    gitlab: { connectionId: await connect('gitlab', { ...FORGE, baseUrl: vendors.gitlab.url }), projectId: 7 },
    servicenow: {
      connectionId: await connect('servicenow', { ...SERVICENOW, instanceUrl: vendors.servicenow.url }),
    },
    statuspage: {
      connectionId: await connect('statuspage', { ...STATUSPAGE, page: 'p1', baseUrl: vendors.statuspage.url }),
    },
    kubernetes: { connectionId: await connect('kubernetes', { kubeconfig: vendors.kubernetes.kubeconfig }) },
    ssh: ssh && { connectionId: await connect('ssh', ssh.connection) },
  };
}

/** Returns a step for each action of these vendors. Each step contains the connection that its action needs. */
export async function vendorActions(
  vendors: Vendors,
  connect: (type: string, config: unknown) => Promise<string>,
): Promise<Step[]> {
  const connections = await connectVendors(vendors, connect);
  const { slack, pagerduty, opsgenie, http, github, gitlab, servicenow, statuspage } = connections;
  const { kubernetes, ssh: onHost } = connections;
  await seedKubernetes(vendors.kubernetes);
  const { ssh } = vendors;
  const sshSteps: Step[] = [
    ['integration-ssh.run', { ...onHost, command: 'true' }],
    ['integration-ssh.upload', { ...onHost, path: `${ssh?.directory}/app.conf`, content: 'x' }],
  ];
  return [
    ...(ssh === null ? [] : sshSteps),
    ...KUBERNETES_STEPS.map(([action, config]): Step => [
      `integration-kubernetes.${action}`,
      { ...kubernetes, ...config },
    ]),
    ['integration-github.create_issue', { ...github, title: 'Down', body: 'db' }],
    ['integration-github.comment', { ...github, body: 'Looking' }],
    ['integration-github.close_issue', github],
    ['integration-github.dispatch_workflow', { ...github, workflow: 'deploy.yml', ref: 'main' }],
    ['integration-github.create_deployment_status', { ...github, deploymentId: 7, state: 'success' }],
    ['integration-github.create_check', { ...github, headSha: 'abc', name: 'Fermata', conclusion: 'success' }],
    ['integration-gitlab.create_issue', { ...gitlab, title: 'Down', body: 'db' }],
    ['integration-gitlab.comment', { ...gitlab, body: 'Looking' }],
    ['integration-gitlab.trigger_pipeline', { ...gitlab, ref: 'main' }],
    ['integration-gitlab.retry_job', { ...gitlab, jobId: 11 }],
    ['integration-servicenow.create_incident', { ...servicenow, shortDescription: 'Down' }],
    ['integration-servicenow.update', { ...servicenow, workNotes: 'Looking' }],
    ['integration-servicenow.search', { ...servicenow, query: 'active=true' }],
    ['integration-servicenow.resolve', { ...servicenow, closeNotes: 'Restarted' }],
    ['integration-statuspage.create_incident', { ...statuspage, name: 'Down' }],
    ['integration-statuspage.update_incident', { ...statuspage, status: 'resolved', body: 'Up' }],
    ['integration-statuspage.set_component', { ...statuspage, componentId: 'api', status: 'operational' }],
    ['integration-http.request', { ...http, method: 'POST', path: '/api/auth.test' }],
    ['integration-http.poll_until', { ...http, path: '/api/auth.test', until: 'response.status == 200' }],
    ['integration-slack.post_message', { ...slack, channel: '#ops', text: 'Down' }],
    ['integration-slack.update_message', { ...slack, text: 'Up' }],
    ['integration-slack.add_reaction', { ...slack, name: 'eyes' }],
    ['integration-slack.upload_file', { ...slack, channel: 'C0OPS', filename: 'log.txt', content: 'x' }],
    ['integration-slack.open_channel', { ...slack, name: 'incident-1' }],
    ['integration-slack.set_topic', { ...slack, channel: 'C0OPS', topic: 'Down' }],
    ['integration-pagerduty.trigger', { ...pagerduty, summary: 'Down', severity: 'critical', source: 'db' }],
    ['integration-pagerduty.acknowledge', pagerduty],
    ['integration-pagerduty.add_note', { ...pagerduty, incidentId: 'P1', note: 'Looking' }],
    ['integration-pagerduty.on_call', { ...pagerduty, scheduleId: 'S1' }],
    ['integration-pagerduty.resolve', pagerduty],
    ['integration-opsgenie.create_alert', { ...opsgenie, message: 'Down' }],
    ['integration-opsgenie.acknowledge', opsgenie],
    ['integration-opsgenie.add_note', { ...opsgenie, note: 'Looking' }],
    ['integration-opsgenie.close_alert', opsgenie],
  ];
}
