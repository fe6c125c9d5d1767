import { z } from 'zod';
import type { CallingAction } from '../contract';
import type { KubernetesClient } from './client';
import { common, inCluster, invalid, isStatus, KubeObject, resourceResult, Text } from './resources';

const Object_ = {
  connectionId: Text,
  namespace: Text.optional().describe(
    'Default: the only namespace that the connection allows, otherwise the namespace of the context',
  ),
  kind: Text.default('Deployment').describe(
    'Kind of the object, such as Deployment, Pod, ConfigMap, or a custom resource',
  ),
  apiVersion: Text.optional().describe('Needed for custom resources, such as cert-manager.io/v1'),
  name: Text,
};
const GetConfig = z.strictObject(Object_);

/** Creates the action `integration-kubernetes.get`. The values of Secret objects are left out. */
export function createGet(kubernetes: KubernetesClient): CallingAction<z.infer<typeof GetConfig>> {
  return {
    ...common,
    id: 'get',
    displayName: 'Get Kubernetes object',
    description: 'Reads an object; fails when it does not exist.',
    configSchema: GetConfig,
    async execute(context) {
      const cluster = inCluster(kubernetes, context);
      const path = await cluster.pathOf(context.config);
      const object = await cluster.send({ method: 'GET', path }, KubeObject);
      return resourceResult(object, context.note, context.config);
    },
  };
}

const PatchConfig = z.strictObject({
  ...Object_,
  patch: z
    .record(z.string(), z.unknown())
    .describe('Fields to set and own, as in a manifest: { spec: { replicas: 3 } }'),
  force: z
    .boolean()
    .default(false)
    .describe('Take over fields that other managers own, instead of failing with a conflict'),
});

/**
 * Creates the action `integration-kubernetes.patch`. It uses server-side apply with the field manager `fermata`. A
 * repeated attempt changes nothing.
 */
export function createPatch(kubernetes: KubernetesClient): CallingAction<z.infer<typeof PatchConfig>> {
  return {
    ...common,
    id: 'patch',
    displayName: 'Patch Kubernetes object',
    description: 'Applies fields to an object, or creates it (server-side apply).',
    configSchema: PatchConfig,
    async execute(context) {
      const { config, note } = context;
      const cluster = inCluster(kubernetes, context);
      const path = await cluster.pathOf(config);
      const { apiVersion = apiVersionOf(path), kind, name, patch, force } = config;
      const { metadata = {} } = patch as { metadata?: Record<string, unknown> };
      if (metadata['name'] !== undefined && metadata['name'] !== name)
        throw invalid('patch.metadata.name must equal name.');
      // https://kubernetes.io/docs/reference/using-api/server-side-apply/
      const body = { ...patch, apiVersion, kind, metadata: { ...metadata, name } };
      const query = { fieldManager: 'fermata', ...(force && { force: 'true' }) };
      return resourceResult(
        await cluster.send({ method: 'PATCH', path, query, body, patch: 'apply' }, KubeObject),
        note,
        config,
      );
    },
  };
}

/** Returns the API version in a path: `apps/v1` for `/apis/apps/v1/…`, `v1` for `/api/v1/…`. */
function apiVersionOf(path: string): string {
  const [, root, first = '', second = ''] = path.split('/');
  return root === 'apis' ? `${first}/${second}` : first;
}

const DeleteConfig = z.strictObject({
  ...{ connectionId: Text, namespace: Object_.namespace, name: Text },
  gracePeriodSeconds: z.int().min(0).max(86_400).optional(),
});
const Known = z.object({ uid: z.string() });

/**
 * Creates the action `integration-kubernetes.delete_pod`. A repeated attempt does not delete a new pod with the same
 * name.
 */
export function createDeletePod(kubernetes: KubernetesClient): CallingAction<z.infer<typeof DeleteConfig>> {
  return {
    ...common,
    id: 'delete_pod',
    displayName: 'Delete Kubernetes pod',
    description: 'Deletes a pod, so that its controller creates a new one.',
    configSchema: DeleteConfig,
    async execute(context) {
      const { config, note, progress } = context;
      const cluster = inCluster(kubernetes, context);
      const about = {
        kind: 'Pod',
        apiVersion: 'v1',
        namespace: await cluster.namespaceOf(config.namespace),
        name: config.name,
      };
      const path = `/api/v1/namespaces/${encodeURIComponent(about.namespace)}/pods/${encodeURIComponent(about.name)}`;
      let uid = Known.safeParse(await progress.read()).data?.uid;
      if (uid === undefined) {
        uid = (await cluster.send({ method: 'GET', path }, KubeObject)).metadata.uid ?? '';
        await progress.write({ uid });
      }
      const { gracePeriodSeconds } = config;
      const body = {
        ...{ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } },
        ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
      };
      const gone = { metadata: { name: about.name, namespace: about.namespace, uid } };
      // 409: another pod with the same name has replaced the pod.
      const left = await cluster.send({ method: 'DELETE', path, body }, KubeObject).catch((error: unknown) => {
        if (isStatus(error, 404) || isStatus(error, 409)) return gone;
        throw error;
      });
      return resourceResult(left, note, about);
    },
  };
}
