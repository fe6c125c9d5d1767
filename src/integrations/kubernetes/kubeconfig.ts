import { X509Certificate } from 'node:crypto';
import { parse } from 'yaml';
import { z } from 'zod';
import { messageOf } from '../../domain/errors';
import { explain, problemText } from '../../domain/validation/explain';
import type { EgressTls } from '../../edges/egress/tls';

/** The address of an API server and the credentials for it. */
export interface KubeTarget {
  server: string;
  tls: EgressTls;
  /** Bearer token. */
  token?: string;
  basic?: { username: string; password: string };
  /** Default namespace of the context. */
  namespace: string;
}

/**
 * Kubeconfig fields that are refused, because they would run a program, read a file on the worker, or send requests to
 * another server (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/).
 */
const REFUSED: Readonly<Record<string, string>> = {
  exec: 'would run a program of the worker: give a token or a certificate',
  'auth-provider': 'would run a program of the worker: give a token or a certificate',
  'certificate-authority': 'would read a file of the worker: give certificate-authority-data',
  'client-certificate': 'would read a file of the worker: give client-certificate-data',
  'client-key': 'would read a file of the worker: give client-key-data',
  tokenFile: 'would read a file of the worker: give token',
  'proxy-url': 'would bypass the egress rules: set FERMATA_EGRESS_PROXY',
  'insecure-skip-tls-verify': 'would accept any server: give certificate-authority-data',
};

const Text = z.string().min(1);
const Cluster = z.looseObject({
  server: z.url({ protocol: /^https$/, error: 'must be an https URL' }),
  'certificate-authority-data': Text.optional(),
  'tls-server-name': Text.optional(),
});
const User = z.looseObject({
  token: Text.optional(),
  'client-certificate-data': Text.optional(),
  'client-key-data': Text.optional(),
  username: Text.optional(),
  password: Text.optional(),
});
const Context = z.looseObject({ cluster: Text, user: Text, namespace: Text.optional() });
const Kubeconfig = z.looseObject({
  clusters: z.array(z.looseObject({ name: Text, cluster: z.looseObject({}) })),
  users: z.array(z.looseObject({ name: Text, user: z.looseObject({}).nullable() })),
  contexts: z.array(z.looseObject({ name: Text, context: Context })),
  'current-context': z.string().optional(),
});

/**
 * Reads the server and credentials of the context `wanted`. Default: the current context. Refuses the whole file if any
 * cluster or user has a field in `REFUSED`.
 * @throws {Error} with the problem. The message may contain names of contexts, clusters and users, but no credentials.
 */
export function readKubeconfig(text: string, wanted: string | undefined): KubeTarget {
  const config = parsed(text);
  for (const { name, cluster } of config.clusters) refuse(`cluster ${name}`, cluster);
  for (const { name, user } of config.users) refuse(`user ${name}`, user ?? {});
  const name = wanted ?? config['current-context'] ?? '';
  const context = config.contexts.find((each) => each.name === name)?.context;
  if (context === undefined)
    throw new Error(`has no ${name === '' ? 'current context: set context' : `context ${name}`}`);
  const { server, ...trust } = readCluster(config, context.cluster);
  const { identity, ...login } = readUser(config, context.user);
  return { server, tls: { ...trust, ...identity }, ...login, namespace: context.namespace ?? 'default' };
}

type File = z.infer<typeof Kubeconfig>;

/**
 * Returns the address of a cluster and how to verify its certificate.
 * @throws {Error} with the problem
 */
function readCluster({ clusters }: File, name: string): { server: string } & Pick<EgressTls, 'ca' | 'servername'> {
  const found = clusters.find((each) => each.name === name)?.cluster;
  const cluster = parsePart(Cluster, found, `has no usable cluster ${name}`);
  const ca = pem(cluster, 'certificate-authority-data');
  if (ca !== undefined) checkCertificate(ca);
  const servername = cluster['tls-server-name'];
  return { server: cluster.server.replace(/\/+$/, ''), ...(ca && { ca }), ...(servername && { servername }) };
}

type Login = Pick<KubeTarget, 'token' | 'basic'> & { identity: Pick<EgressTls, 'cert' | 'key'> };

/**
 * Returns the credentials of a user.
 * @throws {Error} with the problem
 */
function readUser({ users }: File, name: string): Login {
  const found = users.find((each) => each.name === name)?.user ?? {};
  const user = parsePart(User, found, `has no usable user ${name}`);
  const { token, username, password } = user;
  const [cert, key] = [pem(user, 'client-certificate-data'), pem(user, 'client-key-data')];
  if ((cert === undefined) !== (key === undefined))
    throw new Error(`has only one of certificate and key for user ${name}`);
  return {
    identity: { ...(cert && { cert }), ...(key && { key }) },
    ...(token !== undefined && { token }),
    ...(username !== undefined && password !== undefined && { basic: { username, password } }),
  };
}

function parsed(text: string): File {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    // The parser's message would quote the text, which is secret.
    throw new Error('is not YAML', { cause: error });
  }
  return parsePart(Kubeconfig, value, 'is not a kubeconfig');
}

/** Parses a part of the file. The message of the error shows no values, because they may be credentials. */
function parsePart<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const part = explain(schema, value, () => true);
  if (part.success) return part.data;
  throw new Error(`${what}: ${problemText(part.problems)}`);
}

function refuse(where: string, fields: Record<string, unknown>): void {
  for (const [field, why] of Object.entries(REFUSED)) {
    if (fields[field] === undefined || fields[field] === false || fields[field] === null) continue;
    throw new Error(`has ${field} in ${where}, which ${why}`);
  }
}

function pem(fields: Record<string, unknown>, name: string): string | undefined {
  const encoded = fields[name];
  return typeof encoded === 'string' ? Buffer.from(encoded, 'base64').toString('utf8') : undefined;
}

function checkCertificate(ca: string): void {
  try {
    new X509Certificate(ca);
  } catch (error) {
    throw new Error(`has certificate-authority-data that is not a certificate: ${messageOf(error)}`, { cause: error });
  }
}
