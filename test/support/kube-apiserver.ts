import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, fetch } from 'undici';
import { freePort } from '../../src/os/free-port';
import { until } from './until';
import { kubeconfigOf, startKubernetesServer, type Kubernetes } from './vendors/kubernetes-server';

const ETCD = process.env['ETCD'] ?? '/usr/bin/etcd';
const TOKEN = 'canary-kube-token';

/**
 * Starts a Kubernetes API for tests. Uses a real API server (with etcd) if `KUBE_APISERVER` is set, otherwise a test
 * server with the same paths. No distribution packages kube-apiserver; CONTRIBUTING.md describes how to build it.
 */
export function startKubernetes(): Promise<Kubernetes> {
  const program = process.env['KUBE_APISERVER'] ?? '';
  return program === '' ? startKubernetesServer() : startApiServer(program);
}

async function startApiServer(program: string): Promise<Kubernetes> {
  if (!existsSync(program) || !existsSync(ETCD)) throw new Error(`There is no ${program}, or no ${ETCD}.`);
  const directory = await mkdtemp(join(tmpdir(), 'fermata-kube-'));
  const [port, client, peer] = [await freePort(), await freePort(), await freePort()];
  const [at, peerAt] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  execFileSync('openssl', ['genrsa', '-out', join(directory, 'sa.key'), '2048'], { stdio: 'pipe' });
  await writeFile(join(directory, 'tokens.csv'), `${TOKEN},admin,admin,system:masters\n`);
  const children = [
    spawn(
      ETCD,
      [
        ...['--data-dir', join(directory, 'etcd'), '--listen-client-urls', at, '--advertise-client-urls', at],
        ...[
          '--listen-peer-urls',
          peerAt,
          '--initial-advertise-peer-urls',
          peerAt,
          '--initial-cluster',
          `default=${peerAt}`,
        ],
      ],
      { stdio: 'ignore' },
    ),
    spawn(
      program,
      [
        ...[`--etcd-servers=${at}`, `--secure-port=${port}`, '--bind-address=127.0.0.1', `--cert-dir=${directory}`],
        ...['--service-account-issuer=https://kube.test', `--service-account-key-file=${join(directory, 'sa.key')}`],
        ...[
          `--service-account-signing-key-file=${join(directory, 'sa.key')}`,
          `--token-auth-file=${join(directory, 'tokens.csv')}`,
        ],
        ...['--authorization-mode=RBAC', '--service-cluster-ip-range=10.0.0.0/24'],
        '--disable-admission-plugins=ServiceAccount,TaintNodesByCondition',
      ],
      { stdio: 'ignore' },
    ),
  ];
  const server = `https://127.0.0.1:${port}`;
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  const send = async (method: string, path: string, body?: unknown, type = 'application/json') => {
    const response = await fetch(`${server}${path}`, {
      ...{ method, dispatcher, headers: { authorization: `Bearer ${TOKEN}`, 'content-type': type } },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const ready = () =>
    send('GET', '/api/v1/namespaces/default').then(
      ({ status }) => status === 200,
      () => false,
    );
  await until('the API server answers', ready, 120_000);
  const ca = await readFile(join(directory, 'apiserver.crt'), 'utf8');
  return {
    kubeconfig: kubeconfigOf(server, ca),
    async create(collection, object) {
      const { status, body } = await send('POST', collection, object);
      if (status !== 201) throw new Error(JSON.stringify(body));
      return body;
    },
    async setStatus(path, status) {
      await send('PATCH', `${path}/status`, { status }, 'application/merge-patch+json');
    },
    async read(path) {
      const { status, body } = await send('GET', path);
      return status === 200 ? body : null;
    },
    async close() {
      await dispatcher.close();
      await Promise.all(
        children.map(
          (child) =>
            new Promise<void>((resolve) => {
              child.once('close', () => resolve());
              child.kill('SIGKILL');
            }),
        ),
      );
      await rm(directory, { recursive: true, force: true });
    },
  };
}
