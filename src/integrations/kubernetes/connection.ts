import { z } from 'zod';
import type { ConnectionType, Option } from '../connections/connection-type';
import { defaultNamespace, KubernetesConnection, type KubernetesClient } from './client';
import { KubeObject } from './resources';

const Version = z.looseObject({ gitVersion: z.string() });
const Review = z.looseObject({
  status: z.looseObject({ userInfo: z.looseObject({ username: z.string().optional() }) }),
});
const List = z.looseObject({ items: z.array(KubeObject) });

/**
 * Creates the connection type `kubernetes`. Its test reads the user to whom the credentials belong, because the server
 * version can be read without credentials.
 */
export function createKubernetesConnectionType(kubernetes: KubernetesClient): ConnectionType<KubernetesConnection> {
  const named =
    (path: (namespace: string) => string) =>
    async (
      config: KubernetesConnection,
      given: Readonly<Record<string, string>>,
      call: Parameters<KubernetesClient>[1],
    ): Promise<Option[]> => {
      const namespace = given['namespace'] ?? config.namespaces[0] ?? (await defaultNamespace(config));
      const { items } = await kubernetes(
        config,
        call,
        { method: 'GET', path: path(namespace), query: { limit: '500' } },
        List,
      );
      return items.map(({ metadata: { name } }) => ({ value: name, label: name }));
    };
  return {
    id: 'kubernetes',
    displayName: 'Kubernetes',
    configSchema: KubernetesConnection,
    addressFields: ['context', 'inCluster'],
    async test(config, call) {
      const { gitVersion } = await kubernetes(config, call, { method: 'GET', path: '/version' }, Version);
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
      const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
      const { status } = await kubernetes(config, call, { method: 'POST', path, body: review }, Review);
      return `Connected to Kubernetes ${gitVersion} as ${status.userInfo.username ?? 'nobody'}.`;
    },
    options: {
      async namespace(config, given, call) {
        if (config.namespaces.length > 0) return config.namespaces.map((name) => ({ value: name, label: name }));
        return named(() => '/api/v1/namespaces')(config, given, call);
      },
      name: named((namespace) => `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/deployments`),
      cronJob: named((namespace) => `/apis/batch/v1/namespaces/${encodeURIComponent(namespace)}/cronjobs`),
    },
  };
}
