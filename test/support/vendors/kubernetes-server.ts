import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubernetesEvents, type KubernetesEvents } from './kubernetes-events';
import { startVendorServer, type VendorAnswer, type VendorRequest } from '../vendor-server';

type Fields = Record<string, unknown>;
export interface Kubernetes {
  /** A kubeconfig that contains an administrator's token. */
  kubeconfig: string;
  /** Creates an object in a collection such as `/api/v1/namespaces/default/pods`. */
  create(collection: string, object: Fields): Promise<Fields>;
  /** Sets the status of the object at a path. */
  setStatus(path: string, status: Fields): Promise<void>;
  read(path: string): Promise<Fields | null>;
  close(): Promise<void>;
}

const TOKEN = 'canary-kube-token';
/** The kind of each resource, and whether the resource is namespaced, by API group and plural name. */
const GROUPS: Readonly<Record<string, Record<string, [kind: string, namespaced: boolean]>>> = {
  '/api/v1': {
    pods: ['Pod', true],
    nodes: ['Node', false],
    configmaps: ['ConfigMap', true],
    secrets: ['Secret', true],
  },
  '/apis/apps/v1': {
    ...{ deployments: ['Deployment', true], replicasets: ['ReplicaSet', true], statefulsets: ['StatefulSet', true] },
    controllerrevisions: ['ControllerRevision', true],
  },
  '/apis/batch/v1': { jobs: ['Job', true], cronjobs: ['CronJob', true] },
  '/apis/policy/v1': { poddisruptionbudgets: ['PodDisruptionBudget', true] },
};

const map = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const failure = (
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
): VendorAnswer => ({
  ...{ status: code, headers },
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code },
});

/** Returns a self-signed certificate for 127.0.0.1. */
export function localCertificate(): { cert: string; key: string } {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-tls-'));
  const args = 'req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=kube -config san';
  writeFileSync(
    join(directory, 'san'),
    '[req]\ndistinguished_name=dn\nx509_extensions=v\n[dn]\n[v]\nsubjectAltName=IP:127.0.0.1\n',
  );
  execFileSync('openssl', args.split(' '), { cwd: directory, stdio: 'pipe' });
  const [cert = '', key = ''] = ['cert.pem', 'key.pem'].map((name) => readFileSync(join(directory, name), 'utf8'));
  rmSync(directory, { recursive: true });
  return { cert, key };
}

export function kubeconfigOf(server: string, ca: string, user: Fields = { token: TOKEN }): string {
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'test', context: { cluster: 'c', user: 'u' } }],
  });
}

/**
 * Starts a server with the parts of the Kubernetes API that the integration uses, including its errors
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/). No controllers act on its objects.
 */
export async function startKubernetesServer(): Promise<
  Kubernetes & { requests: VendorRequest[]; events: KubernetesEvents }
> {
  const events = createKubernetesEvents();
  const objects = new Map<string, Fields>();
  let version = 1;
  const store = (path: string, object: Fields): Fields => {
    version += 1;
    const namespace = /\/namespaces\/([^/]+)\//.exec(path)?.[1];
    const metadata = {
      ...(namespace && { namespace }),
      uid: `uid-${version}`,
      ...map(object['metadata']),
      resourceVersion: String(version),
    };
    const kept = { ...object, metadata };
    objects.set(path, kept);
    return kept;
  };

  const evict = (path: string): VendorAnswer => {
    const namespace = path.split('/')[4];
    const budgets = [...objects].filter(([at]) => at.startsWith(`/apis/policy/v1/namespaces/${namespace}/`));
    // https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/#how-api-initiated-eviction-works
    if (budgets.some(([, { status }]) => map(status)['disruptionsAllowed'] !== 1)) {
      return failure(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.");
    }
    objects.delete(path);
    return { status: 201, body: { kind: 'Status', status: 'Success' } };
  };

  const applied = (path: string, body: Fields, query: URLSearchParams): VendorAnswer => {
    const known = objects.get(path);
    const owner = map(known)['x-owner'];
    // https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
    if (known !== undefined && owner !== 'fermata' && query.get('force') !== 'true' && differs(known, body)) {
      return failure(409, 'Conflict', 'Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas');
    }
    if (query.get('fieldManager') === null)
      return failure(400, 'BadRequest', 'fieldManager is required for apply patch');
    return { status: known ? 200 : 201, body: store(path, { ...merged(known ?? {}, body), 'x-owner': 'fermata' }) };
  };

  const patch = (path: string, type: string, text: string, query: URLSearchParams): VendorAnswer => {
    if (type.startsWith('application/apply-patch')) return applied(path, JSON.parse(text) as Fields, query);
    const isScale = path.endsWith('/scale');
    const target = isScale ? path.slice(0, -'/scale'.length) : path;
    const known = objects.get(target);
    if (known === undefined) return failure(404, 'NotFound', `"${target.split('/').at(-1)}" not found`);
    const body: unknown = JSON.parse(text);
    if (Array.isArray(body)) {
      const [{ value }] = body as [{ value: unknown }];
      return { status: 200, body: store(target, { ...known, spec: { ...map(known['spec']), template: value } }) };
    }
    const replicas = map(map(body)['spec'])['replicas'];
    if (typeof replicas === 'number' && replicas < 0)
      return failure(422, 'Invalid', 'spec.replicas: must be greater than or equal to 0');
    return { status: 200, body: store(target, merged(known, map(body))) };
  };

  const remove = (path: string, text: string): VendorAnswer => {
    const known = objects.get(path);
    if (known === undefined) return failure(404, 'NotFound', `"${path.split('/').at(-1)}" not found`);
    const { uid } = map(map(text === '' ? {} : JSON.parse(text))['preconditions']);
    const own = map(known['metadata'])['uid'];
    if (uid !== undefined && uid !== own) {
      return failure(
        409,
        'Conflict',
        `Precondition failed: UID in precondition: ${String(uid)}, UID in object meta: ${String(own)}`,
      );
    }
    objects.delete(path);
    return { status: 200, body: known };
  };

  const list = (path: string, query: URLSearchParams): VendorAnswer => {
    const node = /^spec\.nodeName=(.*)$/.exec(query.get('fieldSelector') ?? '')?.[1];
    const [group = '', plural = ''] = [path.replace(/\/[^/]+$/, ''), path.split('/').at(-1)];
    const items = [...objects].flatMap(([at, object]) => {
      const isHere =
        at.replace(/\/[^/]+$/, '') === path || (at.startsWith(`${group}/namespaces/`) && at.includes(`/${plural}/`));
      return isHere && (node === undefined || map(object['spec'])['nodeName'] === node) ? [object] : [];
    });
    return { status: 200, body: { kind: 'List', items } };
  };

  const tls = localCertificate();
  const server = await startVendorServer(({ method, path: given, headers, body: text }) => {
    const { pathname: path, searchParams: query } = new URL(given, 'https://kube');
    if (headers['authorization'] !== `Bearer ${TOKEN}`) return failure(401, 'Unauthorized', 'Unauthorized');
    if (path === '/version') return { status: 200, body: { gitVersion: 'v1.36.3' } };
    if (path.endsWith('/selfsubjectreviews'))
      return { status: 201, body: { status: { userInfo: { username: 'admin' } } } };
    const eventsOf = /^\/api\/v1\/(?:namespaces\/([^/]+)\/)?events$/.exec(path);
    if (eventsOf && method === 'GET') return events.answer(eventsOf[1], query);
    const group = GROUPS[path];
    if (group !== undefined) {
      const resources = Object.entries(group).map(([name, [kind, namespaced]]) => ({ name, kind, namespaced }));
      return { status: 200, body: { kind: 'APIResourceList', resources } };
    }
    if (path.endsWith('/eviction'))
      return objects.has(path.slice(0, -9)) ? evict(path.slice(0, -9)) : failure(404, 'NotFound', 'not found');
    if (path.endsWith('/log')) return { status: 200, body: 'done\n' };
    if (method === 'PATCH') return patch(path, String(headers['content-type']), text, query);
    if (method === 'DELETE') return remove(path, text);
    if (method === 'POST') {
      const at = `${path}/${String(map((JSON.parse(text) as Fields)['metadata'])['name'])}`;
      if (objects.has(at)) return failure(409, 'AlreadyExists', `"${at.split('/').at(-1)}" already exists`);
      return { status: 201, body: store(at, JSON.parse(text) as Fields) };
    }
    const found = objects.get(path);
    if (found !== undefined) return { status: 200, body: found };
    return isCollection(path) ? list(path, query) : failure(404, 'NotFound', `"${path.split('/').at(-1)}" not found`);
  }, tls);
  return {
    kubeconfig: kubeconfigOf(server.url, tls.cert),
    requests: server.requests,
    events,
    create: (collection, object) =>
      Promise.resolve(store(`${collection}/${String(map(object['metadata'])['name'])}`, object)),
    setStatus: (path, status) => Promise.resolve(void store(path, { ...objects.get(path), status })),
    read: (path) => Promise.resolve(objects.get(path) ?? null),
    close: () => server.close(),
  };
}

const isCollection = (path: string): boolean =>
  Object.values(GROUPS).some((group) => Object.keys(group).includes(path.split('/').at(-1) ?? ''));

function merged(known: Fields, given: Fields): Fields {
  const fields = Object.entries(given).map(([name, value]): [string, unknown] => {
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    return [name, isMap ? merged(map(known[name]), value as Fields) : value];
  });
  return { ...known, ...Object.fromEntries(fields) };
}

const differs = (known: Fields, given: Fields): boolean =>
  JSON.stringify(map(known['spec'])) !== JSON.stringify(merged(map(known['spec']), map(given['spec'])));
