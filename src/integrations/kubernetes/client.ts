import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../../domain/sha256';
import { messageOf } from '../../domain/errors';
import { referencesIn } from '../../domain/secrets/references';
import { createMask } from '../../domain/secrets/mask-values';
import type { Egress } from '../../edges/egress/egress';
import { httpFailure } from '../../edges/egress/http-failure';
import type { ConnectionCall } from '../connections/connection-type';
import { plainPath } from '../plain-path';
import { ProviderFailure } from '../provider-failure';
import { createVendorClient, jsonOf } from '../vendor-client';
import { readKubeconfig, type KubeTarget } from './kubeconfig';

const Name = z.string().trim().min(1).max(253);

/** How to reach a cluster: through a kubeconfig, or from inside the cluster with the worker's service account. */
export const KubernetesConnection = z
  .strictObject({
    kubeconfig: z
      .string()
      .min(1)
      .max(200_000)
      .optional()
      .meta({ 'x-secret': true })
      .describe('Kubeconfig that contains all data inline'),
    context: Name.optional().describe('Default: the current context of the kubeconfig'),
    inCluster: z.boolean().default(false).describe('The cluster and service account that the worker runs with'),
    namespaces: z
      .array(Name)
      .max(1_000)
      .default([])
      .describe('Namespaces that may be used; empty = the whole cluster, including nodes'),
  })
  .superRefine(({ kubeconfig, context, inCluster }, ctx) => {
    const issue = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message });
    if (inCluster === (kubeconfig !== undefined)) issue('kubeconfig', 'or inCluster is required, and not both');
    if (kubeconfig === undefined || referencesIn(kubeconfig).length > 0) return;
    try {
      readKubeconfig(kubeconfig, context);
    } catch (error) {
      issue('kubeconfig', messageOf(error));
    }
  });
export type KubernetesConnection = z.infer<typeof KubernetesConnection>;

/** Content types of patches: https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply */
export const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

export interface KubeRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string>;
  body?: unknown;
  /** Content type of a PATCH request. */
  patch?: keyof typeof PATCH_TYPES;
  /** Whether to retry after a 409. Default: false. */
  retryConflict?: boolean;
  /** Whether the response is plain text, such as a log. */
  isText?: boolean;
}

/**
 * Sends a request to the Kubernetes API.
 * @throws {ProviderFailure} with the message of the API server
 */
export type KubernetesClient = <T extends z.ZodType>(
  config: KubernetesConnection,
  call: ConnectionCall,
  request: KubeRequest,
  answer: T,
) => Promise<z.output<T>>;

/** An error response: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
const Status = z.looseObject({ message: z.string().optional(), reason: z.string().optional() });
const MAX_BYTES = 8_388_608;
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Creates a client of the Kubernetes API. */
export function createKubernetesClient(egress: Egress): KubernetesClient {
  const send = createVendorClient(egress, {
    name: 'Kubernetes',
    explain: (json, { body }) => Status.safeParse(json).data?.message ?? body.slice(0, 500),
  });
  return async (config, call, { method, path, query, body, patch, retryConflict, isText = false }, answer) => {
    const target = await targetOf(config);
    const { server, tls } = target;
    const { headers: authorization, hide } = credentialsOf(target);
    const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
    const { body: given } = await send(
      call,
      {
        ...{ method, url: `${server}${path}${search}`, tls, maxResponseBytes: MAX_BYTES, isText },
        headers: {
          ...(isText && { Accept: '*/*' }),
          ...authorization,
          ...(patch && { 'Content-Type': PATCH_TYPES[patch] }),
        },
        body,
        hide,
        ...(retryConflict === true && { retryOnStatus: [409] }),
      },
      answer,
    );
    return given;
  };
}

/** Returns the authentication headers of a request, and the strings to mask in messages. */
function credentialsOf({ token, basic }: KubeTarget): { headers: Record<string, string>; hide: string[] } {
  const pair = basic && Buffer.from(`${basic.username}:${basic.password}`).toString('base64');
  const hide = [token, pair].flatMap((text) => text ?? []);
  if (token !== undefined) return { headers: { Authorization: `Bearer ${token}` }, hide };
  return { headers: pair === undefined ? {} : { Authorization: `Basic ${pair}` }, hide };
}

/**
 * Runs one watch request. Resolves when the server or the deadline ends it.
 * @throws {ProviderFailure} when the request fails. Also throws errors from `onText`.
 */
export type KubernetesWatch = (
  config: KubernetesConnection,
  call: ConnectionCall,
  request: { path: string; query: Record<string, string>; onText: (text: string) => Promise<void> },
) => Promise<void>;

/**
 * Creates a function that runs watch requests:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export function createKubernetesWatch(egress: Egress): KubernetesWatch {
  return async (config, { signal, timeoutMs, now }, { path, query, onText }) => {
    const target = await targetOf(config);
    const { headers, hide } = credentialsOf(target);
    const url = plainPath(`${target.server}${path}?${new URLSearchParams(query).toString()}`);
    let own: unknown;
    const keep = (text: string) =>
      onText(text).catch((error: unknown) => {
        own = error;
        throw error;
      });
    const response = await egress
      .send({ method: 'GET', url, headers, tls: target.tls, signal, timeoutMs, onText: keep })
      .catch((error: unknown) => {
        throw own ?? error;
      });
    if (response.status >= 200 && response.status <= 299) return;
    const { message, status, retryable } = httpFailure(response, { now });
    const said = Status.safeParse(jsonOf(response.body)).data?.message ?? response.body.slice(0, 500);
    const text = createMask(hide)(`${message} Kubernetes says: ${said}`);
    throw new ProviderFailure('http_status', text, { status, retryable });
  };
}

/** Returns a string that identifies the API server of a connection. */
export async function clusterOf(config: KubernetesConnection): Promise<string> {
  return sha256((await targetOf(config)).server).slice(0, 32);
}

/**
 * Returns the default namespace of a connection: that of the kubeconfig's context, or of the worker's service account.
 */
export async function defaultNamespace(config: KubernetesConnection): Promise<string> {
  return (await targetOf(config)).namespace;
}

async function targetOf({ kubeconfig, context }: KubernetesConnection): Promise<KubeTarget> {
  try {
    return kubeconfig === undefined ? await inClusterTarget() : readKubeconfig(kubeconfig, context);
  } catch (error) {
    const what = kubeconfig === undefined ? 'The worker does not run in a cluster' : 'The kubeconfig cannot be used';
    throw new ProviderFailure('config_invalid', `${what}: ${messageOf(error)}`, { retryable: false, cause: error });
  }
}

/**
 * Returns the API server and the service account of the pod in which this process runs
 * (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/).
 * @throws {Error} outside a pod, and when the service account files cannot be read
 */
async function inClusterTarget(): Promise<KubeTarget> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
  if (host === undefined) throw new Error('KUBERNETES_SERVICE_HOST is not set');
  const read = async (name: string) => (await readFile(join(SERVICE_ACCOUNT, name), 'utf8')).trim();
  const [token, ca, namespace] = await Promise.all([read('token'), read('ca.crt'), read('namespace')]);
  return { server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, tls: { ca }, token, namespace };
}
