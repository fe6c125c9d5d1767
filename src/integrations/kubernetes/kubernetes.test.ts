import { createHash } from 'node:crypto';
import { startKubernetes } from '../../../test/support/kube-apiserver';
import { createActionRunner } from '../../../test/support/run-action';
import { kubeconfigOf, type Kubernetes } from '../../../test/support/vendors/kubernetes-server';
import { KubernetesConnection } from './client';

let cluster: Kubernetes;
let runner: ReturnType<typeof createActionRunner>;
beforeAll(async () => {
  cluster = await startKubernetes();
}, 180_000);
beforeEach(() => {
  runner = createActionRunner('kubernetes', { kubeconfig: cluster.kubeconfig });
});
afterAll(() => cluster.close());

const run = (action: string, config: Record<string, unknown>, options = {}) =>
  runner.run(`integration-kubernetes.${action}`, config, options);
const labels = { app: 'x' };
const template = (image: string) => ({ metadata: { labels }, spec: { containers: [{ name: 'c', image }] } });
const APPS = '/apis/apps/v1/namespaces/default';
const deploy = async (name: string) => {
  const spec = { replicas: 1, selector: { matchLabels: labels }, template: template('app:2') };
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec };
  return (await cluster.create(`${APPS}/deployments`, object)) as { metadata: { uid: string } };
};
const specOf = async (name: string) =>
  ((await cluster.read(`${APPS}/deployments/${name}`)) as { spec: Record<string, unknown> }).spec;
const pod = (name: string, more: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}) =>
  cluster.create('/api/v1/namespaces/default/pods', {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels, ...metadata } },
    spec: { containers: [{ name: 'c', image: 'x' }], terminationGracePeriodSeconds: 0, ...more },
  });
const podAt = (name: string) => cluster.read(`/api/v1/namespaces/default/pods/${name}`);

it('has a connection test that reports the user of the credentials', async () => {
  expect(await runner.test()).toMatch(/^Connected to Kubernetes v\d\S+ as admin\.$/);
  expect(
    await createActionRunner('kubernetes', { kubeconfig: cluster.kubeconfig, namespaces: ['a'] }).options('namespace'),
  ).toEqual([{ value: 'a', label: 'a' }]);
  const wrong = cluster.kubeconfig.replace('canary-kube-token', 'canary-wrong');
  const failure: unknown = await createActionRunner('kubernetes', { kubeconfig: wrong })
    .test()
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ status: 401, retryable: false });
  expect(String(failure)).not.toContain('canary');
});

it('restarts a workload once, even if the attempt is repeated', async () => {
  await deploy('restart');
  const restart = (attempt: number) => run('rollout_restart', { name: 'restart' }, { attempt });
  expect((await restart(1)).artifact).toMatchObject({ kind: 'Deployment', namespace: 'default', name: 'restart' });
  const first = JSON.stringify((await specOf('restart'))['template']);
  expect(first).toContain('kubectl.kubernetes.io/restartedAt');
  await new Promise((resolve) => setTimeout(resolve, 5));
  await restart(2);
  expect(JSON.stringify((await specOf('restart'))['template'])).toBe(first);
});

it('scales a workload, and reports refusals of the server', async () => {
  await deploy('scale');
  await run('scale', { name: 'scale', replicas: 3 });
  expect((await specOf('scale'))['replicas']).toBe(3);
  await expect(run('scale', { name: 'gone', replicas: 3 })).rejects.toMatchObject({ status: 404, retryable: false });
  await expect(run('get', { kind: 'Certificate', name: 'x' })).rejects.toMatchObject({ code: 'config_invalid' });
});

it('rolls back a deployment once, even if the attempt is repeated', async () => {
  const { uid } = (await deploy('undo')).metadata;
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'undo', uid, controller: true };
  for (const revision of ['1', '2']) {
    const hashed = { ...labels, 'pod-template-hash': revision };
    await cluster.create(`${APPS}/replicasets`, {
      ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet' },
      metadata: {
        name: `undo-${revision}`,
        ownerReferences: [owner],
        annotations: { 'deployment.kubernetes.io/revision': revision },
      },
      spec: {
        selector: { matchLabels: hashed },
        template: { ...template(`app:${revision}`), metadata: { labels: hashed } },
      },
    });
  }
  const image = async () => JSON.stringify((await specOf('undo'))['template']);
  for (const attempt of [1, 2]) {
    await run('rollout_undo', { name: 'undo' }, { attempt });
    expect(await image()).toContain('app:1');
    expect(await image()).not.toContain('pod-template-hash');
  }
  await run('rollout_undo', { name: 'undo', toRevision: 2 }, { idempotencyKey: 'b' });
  expect(await image()).toContain('app:2');
  await expect(run('rollout_undo', { name: 'undo', toRevision: 9 }, { idempotencyKey: 'c' })).rejects.toThrow(
    'Known: 2, 1',
  );
});

it('deletes a pod, but not its replacement', async () => {
  await pod('web-0');
  const remove = (attempt: number) => run('delete_pod', { name: 'web-0', gracePeriodSeconds: 0 }, { attempt });
  await remove(1);
  expect(await podAt('web-0')).toBeNull();
  await pod('web-0');
  await remove(2);
  expect(await podAt('web-0')).not.toBeNull();
});

it('applies fields, creates missing objects, and takes over no fields without force', async () => {
  await deploy('apply');
  const apply = (more: Record<string, unknown>) =>
    run('patch', { name: 'apply', patch: { spec: { replicas: 5 } }, ...more });
  await expect(apply({})).rejects.toMatchObject({ status: 409, retryable: false });
  await apply({ force: true });
  expect((await specOf('apply'))['replicas']).toBe(5);
  await run('patch', { kind: 'ConfigMap', name: 'new', patch: { data: { a: 'b' } } });
  expect((await run('get', { kind: 'ConfigMap', name: 'new' })).artifact).toMatchObject({
    apiVersion: 'v1',
    object: { data: { a: 'b' } },
  });
  await run('patch', { kind: 'Secret', name: 'hidden', patch: { stringData: { a: 'canary-value' } } });
  expect(JSON.stringify(await run('get', { kind: 'Secret', name: 'hidden' }))).not.toMatch(/canary-value|Y2FuYXJ5/);
});

it('drains a node within disruption budgets, and ignores daemon sets', async () => {
  await cluster.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } });
  const ownedBy = (kind: string) => ({
    ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'o', uid: 'u', controller: true }],
  });
  await pod('drain-app', { nodeName: 'n1' }, ownedBy('ReplicaSet'));
  // A disruption budget does not protect pods that have not started.
  const running = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  await cluster.setStatus('/api/v1/namespaces/default/pods/drain-app', running);
  await pod('drain-daemon', { nodeName: 'n1' }, ownedBy('DaemonSet'));
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
  const spec = { minAvailable: 1, selector: { matchLabels: labels } };
  await cluster.create(budgets, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'one' },
    spec,
  });
  const drain = (more = {}) => run('drain', { name: 'n1', timeout_seconds: 1, ...more });
  await expect(drain()).rejects.toMatchObject({ code: 'timeout', output: { left: ['default/drain-app'] } });
  const current = {
    observedGeneration: 1,
    disruptionsAllowed: 1,
    currentHealthy: 2,
    desiredHealthy: 1,
    expectedPods: 2,
  };
  await cluster.setStatus(`${budgets}/one`, current);
  expect((await drain({ timeout_seconds: 20 })).artifact).toMatchObject({ kind: 'Node', name: 'n1' });
  expect([await podAt('drain-app'), (await podAt('drain-daemon')) !== null]).toEqual([null, true]);
  expect(await cluster.read('/api/v1/nodes/n1')).toMatchObject({ spec: { unschedulable: true } });
  await run('uncordon', { name: 'n1' });
  await run('cordon', { name: 'n1' });
  await pod('drain-bare', { nodeName: 'n1' });
  await expect(drain()).rejects.toThrow('No controller would recreate these pods: default/drain-bare. Set force');
  await pod('drain-local', { nodeName: 'n1', volumes: [{ name: 'v', emptyDir: {} }] });
  await expect(drain({ force: true })).rejects.toThrow(
    'would lose the data of an emptyDir volume: default/drain-local',
  );
});

it('runs a job once, and fails if the job fails', async () => {
  const job = (attempt: number, key: string) =>
    run('run_job', { name: 'migrate', image: 'app:1', command: ['true'] }, { attempt, idempotencyKey: key });
  const end = async (key: string, type: 'Complete' | 'Failed') => {
    const running = job(1, key);
    running.catch(() => undefined);
    const again = job(2, key);
    again.catch(() => undefined);
    const name = `migrate-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`;
    const path = `/apis/batch/v1/namespaces/default/jobs/${name}`;
    while ((await cluster.read(path)) === null) await new Promise((resolve) => setTimeout(resolve, 20));
    const now = new Date().toISOString();
    const before = type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
    const conditions = [before, type].map((each) => ({
      type: each,
      status: 'True',
      lastTransitionTime: now,
      message: 'why',
    }));
    await cluster.setStatus(path, { conditions, startTime: now, ...(type === 'Complete' && { completionTime: now }) });
    return [running, again] as const;
  };
  for (const each of await end('a', 'Complete'))
    expect((await each).artifact).toMatchObject({ succeeded: true, namespace: 'default' });
  for (const each of await end('b', 'Failed'))
    await expect(each).rejects.toMatchObject({ retryable: false, output: { succeeded: false } });
});

it('accepts only the namespaces of the connection', async () => {
  const limited = createActionRunner('kubernetes', {
    kubeconfig: cluster.kubeconfig,
    namespaces: ['team-a', 'team-b'],
  });
  const refused = (action: string, config: Record<string, unknown>) =>
    expect(limited.run(`integration-kubernetes.${action}`, config)).rejects.toMatchObject({ code: 'config_invalid' });
  await refused('get', { name: 'x', namespace: 'default' });
  await refused('get', { name: 'x' });
  await refused('get', { kind: 'Node', name: 'n1' });
  await refused('cordon', { name: 'n1' });
  await refused('drain', { name: 'n1' });
  await refused('delete_pod', { name: 'x', namespace: 'kube-system' });
});

it.each([
  ['exec', { exec: { command: 'sh', apiVersion: 'client.authentication.k8s.io/v1' } }, 'has exec in user u'],
  ['auth-provider', { 'auth-provider': { name: 'gcp' } }, 'has auth-provider'],
  ['a file', { 'client-certificate': '/etc/passwd', 'client-key': '/etc/shadow' }, 'would read a file of the worker'],
  ['a token file', { tokenFile: '/etc/shadow' }, 'has tokenFile'],
  ['a certificate without a key', { 'client-certificate-data': 'eA==' }, 'has only one of certificate and key'],
])('is not saved with %s', (_what, user, message) => {
  const kubeconfig = kubeconfigOf('https://kube.example', '', user).replace('"certificate-authority-data":""', '"x":1');
  expect(KubernetesConnection.safeParse({ kubeconfig }).error?.message).toContain(message);
});

it.each([
  ['clear text', (text: string) => text.replace('https://', 'http://'), 'must be an https URL'],
  [
    'any certificate',
    (text: string) => text.replace('"server"', '"insecure-skip-tls-verify":true,"server"'),
    'would accept any server',
  ],
  [
    'a proxy',
    (text: string) => text.replace('"server"', '"proxy-url":"http://x","server"'),
    'would bypass the egress rules',
  ],
  ['no context', (text: string) => text.replace('"current-context":"test"', '"x":1'), 'has no current context'],
  ['invalid YAML', () => '{canary', 'is not YAML'],
  ['a kubeconfig and inCluster', (text: string) => text, 'and not both'],
])('is not saved with %s', (what, change, message) => {
  const given = {
    kubeconfig: change(cluster.kubeconfig),
    ...(what === 'a kubeconfig and inCluster' && { inCluster: true }),
  };
  const { error } = KubernetesConnection.safeParse(given);
  expect(error?.message).toContain(message);
  expect(error?.message).not.toContain('canary');
});
