import { z } from 'zod';
import type { CallContext } from '../contract';
import { ProviderFailure } from '../provider-failure';
import { defaultNamespace, KubernetesConnection, type KubernetesClient, type KubeRequest } from './client';

export const Text = z.string().trim().min(1).max(253);
export const TIMEOUT_MS = 30_000;
/** Maximum length in characters of an object that is stored with the step. */
const MAX_OBJECT = 200_000;

/** The fields that every Kubernetes object has. */
export const KubeObject = z.looseObject({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string().optional(),
    resourceVersion: z.string().optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    labels: z.record(z.string(), z.string()).optional(),
    ownerReferences: z
      .array(z.looseObject({ kind: z.string(), uid: z.string(), controller: z.boolean().optional() }))
      .optional(),
    deletionTimestamp: z.string().optional(),
  }),
});
export type KubeObject = z.infer<typeof KubeObject>;

/** The artifact of actions on one object. */
export const Resource = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  namespace: z.string().nullable(),
  name: z.string(),
  uid: z.string().nullable(),
  resourceVersion: z.string().nullable(),
  object: z.unknown(),
});

/** API versions of the kinds for which a step may omit `apiVersion`. */
const VERSIONS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].map((kind) => [kind, 'apps/v1'])),
  ...{ Job: 'batch/v1', CronJob: 'batch/v1', Ingress: 'networking.k8s.io/v1', NetworkPolicy: 'networking.k8s.io/v1' },
  ...{ HorizontalPodAutoscaler: 'autoscaling/v2', PodDisruptionBudget: 'policy/v1' },
};

/** Fields of a step that select an object. */
export interface ObjectName {
  apiVersion?: string | undefined;
  kind: string;
  namespace?: string | undefined;
  name: string;
}

/** Returns functions that send the requests of one step. */
export function inCluster(kubernetes: KubernetesClient, { connection, now, signal }: CallContext<unknown>) {
  const config = KubernetesConnection.parse(connection);
  const send = <T extends z.ZodType>(request: KubeRequest, answer: T, timeoutMs = TIMEOUT_MS) =>
    kubernetes(config, { now, signal, timeoutMs }, request, answer);
  return {
    send,
    /**
     * Returns the namespace for a step.
     * @throws {ProviderFailure} config_invalid for a namespace that the connection does not allow
     */
    async namespaceOf(wanted: string | undefined): Promise<string> {
      const namespace = wanted ?? (config.namespaces.length === 1 ? config.namespaces[0] : undefined);
      const found = namespace ?? (await defaultNamespace(config));
      if (config.namespaces.length > 0 && !config.namespaces.includes(found)) {
        throw invalid(`The connection does not allow the namespace ${found}, only ${config.namespaces.join(', ')}.`);
      }
      return found;
    },
    /**
     * Checks that a step may use cluster-wide objects.
     * @throws {ProviderFailure} config_invalid when the connection is limited to namespaces
     */
    wholeCluster(what: string): void {
      if (config.namespaces.length > 0)
        throw invalid(
          `${what} requires access to the whole cluster, but the connection is limited to some namespaces.`,
        );
    },
    /**
     * Returns the API path of an object. The resource name is looked up on the server, so custom resources are also
     * supported.
     * @throws {ProviderFailure} config_invalid for an unknown kind, and for an object that the connection does not
     * allow
     */
    async pathOf(target: ObjectName): Promise<string> {
      const version = target.apiVersion ?? VERSIONS[target.kind] ?? 'v1';
      const group = version.includes('/') ? `/apis/${version}` : `/api/${version}`;
      const { resources } = await send({ method: 'GET', path: group }, ResourceList);
      const found = resources.find(({ kind, name }) => kind === target.kind && !name.includes('/'));
      if (found === undefined) throw invalid(`${version} has no kind ${target.kind}: give apiVersion.`);
      const name = encodeURIComponent(target.name);
      if (found.namespaced) {
        return `${group}/namespaces/${encodeURIComponent(await this.namespaceOf(target.namespace))}/${found.name}/${name}`;
      }
      this.wholeCluster(`The kind ${target.kind}`);
      return `${group}/${found.name}/${name}`;
    },
  };
}
export type Cluster = ReturnType<typeof inCluster>;

const ResourceList = z.looseObject({
  resources: z.array(z.looseObject({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});

export const invalid = (message: string) => new ProviderFailure('config_invalid', message, { retryable: false });

/**
 * Returns the result of a step on one object, without the values of secrets and without the server's internal fields.
 */
export function resourceResult(object: KubeObject, note: (text: string) => void, about?: ObjectName) {
  const { metadata, ...rest } = object;
  const kind = object.kind ?? about?.kind ?? '';
  const { managedFields: _managed, ...shown } = metadata as Record<string, unknown>;
  const body: Record<string, unknown> = { ...rest, metadata: shown };
  if (kind === 'Secret') {
    delete body['data'];
    delete body['stringData'];
    delete shown['annotations'];
  }
  const isLarge = JSON.stringify(body).length > MAX_OBJECT;
  if (isLarge) note(`The object was left out: it has more than ${MAX_OBJECT} characters.`);
  const artifact = {
    ...{ apiVersion: object.apiVersion ?? about?.apiVersion ?? 'v1', kind, name: metadata.name },
    ...{ namespace: metadata.namespace ?? null, uid: metadata.uid ?? null },
    ...{ resourceVersion: metadata.resourceVersion ?? null, object: isLarge ? null : body },
  };
  return { output: artifact, artifact };
}

/** Returns whether an error is a response with the given HTTP status. */
export const isStatus = (error: unknown, status: number): boolean =>
  error instanceof ProviderFailure && error.status === status;

/** Fields that all actions on one object share. */
export const common = {
  connection: 'kubernetes',
  execution: 'call',
  timeoutMs: () => TIMEOUT_MS,
  produces: { name: 'resource', schema: Resource, identity: ['kind', 'namespace', 'name'] },
} as const;
