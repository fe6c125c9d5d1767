import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { CallingAction } from '../contract';
import { ProviderFailure } from '../provider-failure';
import type { KubernetesClient } from './client';
import { common, inCluster, invalid, isStatus, KubeObject, resourceResult, Text, type Cluster } from './resources';

const CordonConfig = z.strictObject({ connectionId: Text, name: Text.describe('Name of a node') });

/** Creates the action `integration-kubernetes.cordon` or `integration-kubernetes.uncordon`. */
export function createCordon(
  kubernetes: KubernetesClient,
  id: 'cordon' | 'uncordon',
): CallingAction<z.infer<typeof CordonConfig>> {
  const isCordon = id === 'cordon';
  return {
    ...{ ...common, id, configSchema: CordonConfig },
    displayName: isCordon ? 'Cordon Kubernetes node' : 'Uncordon Kubernetes node',
    description: isCordon ? 'Keeps new pods away from a node.' : 'Allows new pods on a node again.',
    async execute(context) {
      const cluster = inCluster(kubernetes, context);
      return resourceResult(await setUnschedulable(cluster, context.config.name, isCordon), context.note, NODE);
    },
  };
}

const NODE = { kind: 'Node', apiVersion: 'v1', name: '' };
const nodePath = (name: string) => `/api/v1/nodes/${encodeURIComponent(name)}`;

function setUnschedulable(cluster: Cluster, name: string, unschedulable: boolean): Promise<KubeObject> {
  cluster.wholeCluster('A node');
  const body = { spec: { unschedulable } };
  return cluster.send({ method: 'PATCH', path: nodePath(name), body, patch: 'strategic' }, KubeObject);
}

const DEFAULT_SECONDS = 600;
const DrainConfig = z.strictObject({
  connectionId: Text,
  name: Text.describe('Name of a node'),
  force: z.boolean().default(false).describe('Also evict pods that no controller recreates'),
  deleteEmptyDirData: z
    .boolean()
    .default(false)
    .describe('Also evict pods with emptyDir volumes, whose data is then lost'),
  gracePeriodSeconds: z.int().min(0).max(86_400).optional().describe('Default: the grace period of each pod'),
  timeout_seconds: z.number().min(1).max(86_400).default(DEFAULT_SECONDS),
});
type DrainConfig = z.infer<typeof DrainConfig>;
/** Milliseconds between two attempts while a disruption budget prevents an eviction. */
const RETRY_MS = 5_000;
const POLL_MS = 1_000;

const Pod = KubeObject.extend({
  spec: z.looseObject({
    volumes: z.array(z.looseObject({ name: z.string(), emptyDir: z.unknown().optional() })).optional(),
  }),
  status: z.looseObject({ phase: z.string().optional() }).optional(),
});
type Pod = z.infer<typeof Pod>;

/**
 * Creates the action `integration-kubernetes.drain`. It cordons a node and evicts its pods, like `kubectl drain
 * --ignore-daemonsets`. An eviction that a disruption budget prevents is retried until the timeout. The node remains
 * cordoned.
 */
export function createDrain(kubernetes: KubernetesClient): CallingAction<DrainConfig> {
  return {
    ...common,
    id: 'drain',
    displayName: 'Drain Kubernetes node',
    description: 'Cordons a node and evicts its pods, within disruption budgets.',
    configSchema: DrainConfig,
    // Also called before templates are rendered, so a field may still contain a template.
    timeoutMs: ({ timeout_seconds: seconds }) =>
      (typeof seconds === 'number' ? seconds : DEFAULT_SECONDS) * 1_000 + 60_000,
    async execute(context) {
      const { config, signal, note } = context;
      const cluster = inCluster(kubernetes, context);
      const node = await setUnschedulable(cluster, config.name, true);
      const pods = await podsToEvict(cluster, config);
      const end = performance.now() + config.timeout_seconds * 1_000;
      const left = new Set(pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
      let why = '';
      const drainPod = async (pod: Pod): Promise<void> => {
        const said = await evict(cluster, pod, { config, end, signal });
        if (said === null) left.delete(`${pod.metadata.namespace}/${pod.metadata.name}`);
        else why = said;
      };
      await Promise.all(pods.map(drainPod));
      if (left.size === 0) return resourceResult(node, note, NODE);
      const message = `${left.size} of ${pods.length} pods are left on ${config.name} after ${config.timeout_seconds} s: ${[...left].slice(0, 10).join(', ')}. ${why}`;
      throw new ProviderFailure('timeout', message.trim(), { retryable: false, output: { left: [...left] } });
    },
  };
}

/**
 * Returns the pods to evict.
 * @throws {ProviderFailure} config_invalid for a pod whose eviction would lose data, or that no controller would
 * recreate, unless the config allows this
 */
async function podsToEvict(cluster: Cluster, { name, force, deleteEmptyDirData }: DrainConfig): Promise<Pod[]> {
  const query = { fieldSelector: `spec.nodeName=${name}` };
  const { items } = await cluster.send(
    { method: 'GET', path: '/api/v1/pods', query },
    z.looseObject({ items: z.array(Pod) }),
  );
  const ofController = ({ metadata }: Pod) => metadata.ownerReferences?.find(({ controller }) => controller === true);
  const isOver = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed';
  const pods = items.filter(
    (pod) =>
      pod.metadata.annotations?.['kubernetes.io/config.mirror'] === undefined &&
      ofController(pod)?.kind !== 'DaemonSet',
  );
  const refuse = (found: Pod[], option: string, what: string) => {
    if (found.length === 0) return;
    const names = found.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).slice(0, 10);
    throw invalid(`${what}: ${names.join(', ')}. Set ${option} to evict them anyway.`);
  };
  const bare = pods.filter((pod) => ofController(pod) === undefined && !isOver(pod));
  if (!force) refuse(bare, 'force', 'No controller would recreate these pods');
  const local = pods.filter((pod) => !isOver(pod) && pod.spec.volumes?.some(({ emptyDir }) => emptyDir !== undefined));
  if (!deleteEmptyDirData) refuse(local, 'deleteEmptyDirData', 'These pods would lose the data of an emptyDir volume');
  return pods;
}

/**
 * Evicts a pod and waits until it is gone. Returns null when it is gone, otherwise the server's last message. A 429
 * means that a budget currently prevents the eviction
 * (https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/).
 */
async function evict(
  cluster: Cluster,
  { metadata }: Pod,
  { config, end, signal }: { config: DrainConfig; end: number; signal: AbortSignal },
): Promise<string | null> {
  const { name, namespace = 'default', uid } = metadata;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
  const { gracePeriodSeconds } = config;
  const deleteOptions = {
    ...(uid && { preconditions: { uid } }),
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
  };
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions };
  for (;;) {
    try {
      await cluster.send({ method: 'POST', path: `${path}/eviction`, body }, z.unknown());
      break;
    } catch (error) {
      // 409: another pod with the same name has replaced the pod.
      if (isStatus(error, 404) || isStatus(error, 409)) return null;
      if (!isStatus(error, 429) || !(error instanceof Error)) throw error;
      if (performance.now() + RETRY_MS > end) return error.message;
      await pause(RETRY_MS, undefined, { signal });
    }
  }
  while (performance.now() < end) {
    const found = await cluster.send({ method: 'GET', path }, KubeObject).catch((error: unknown) => {
      if (isStatus(error, 404)) return null;
      throw error;
    });
    if (found === null || found.metadata.uid !== uid) return null;
    await pause(POLL_MS, undefined, { signal });
  }
  return 'It is terminating.';
}
