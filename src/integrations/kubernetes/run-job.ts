import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { sha256 } from '../../domain/sha256';
import type { CallingAction } from '../contract';
import { ProviderFailure } from '../provider-failure';
import type { KubernetesClient } from './client';
import { inCluster, invalid, isStatus, KubeObject, Text, type Cluster } from './resources';

const DEFAULT_SECONDS = 600;
const POLL_MS = 2_000;
/**
 * Maximum number of log bytes to read. Kubernetes applies this limit from the first of the last 1,000 lines onwards.
 */
const LOG_BYTES = 100_000;

const Config = z.strictObject({
  connectionId: Text,
  namespace: Text.optional().describe(
    'Default: the only namespace that the connection allows, otherwise the namespace of the context',
  ),
  name: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$/, 'must be at most 42 lower-case letters, digits and "-"')
    .describe('The job gets this name with a suffix'),
  cronJob: Text.optional().describe('CronJob whose job template is run'),
  image: z.string().min(1).max(1_000).optional().describe('Image to run, instead of a CronJob'),
  command: z.array(z.string()).max(100).optional(),
  args: z.array(z.string()).max(100).optional(),
  env: z.record(z.string(), z.string()).optional(),
  serviceAccountName: Text.optional(),
  wait: z
    .boolean()
    .default(true)
    .describe('Wait for the end of the job and read its logs; a failed job fails the step'),
  timeout_seconds: z
    .number()
    .min(1)
    .max(86_400)
    .default(DEFAULT_SECONDS)
    .describe('Seconds after which Kubernetes ends the job'),
});
type Config = z.infer<typeof Config>;

const JobResult = z.object({
  name: z.string(),
  namespace: z.string(),
  succeeded: z.boolean().nullable(),
  logs: z.string().nullable(),
});
const Job = KubeObject.extend({
  status: z
    .looseObject({
      conditions: z
        .array(z.looseObject({ type: z.string(), status: z.string(), message: z.string().optional() }))
        .optional(),
    })
    .optional(),
});

/**
 * Creates the action `integration-kubernetes.run_job`. The name of the Job is derived from the idempotency key, so a
 * repeated attempt finds the Job of the first attempt.
 */
export function createRunJob(kubernetes: KubernetesClient): CallingAction<Config> {
  return {
    id: 'run_job',
    displayName: 'Run Kubernetes job',
    description: 'Runs a job to its end, from an image or a CronJob.',
    configSchema: Config,
    connection: 'kubernetes',
    produces: { name: 'job', schema: JobResult },
    execution: 'call',
    // Also called before templates are rendered, so a field may still contain a template.
    timeoutMs: ({ timeout_seconds: seconds }) =>
      (typeof seconds === 'number' ? seconds : DEFAULT_SECONDS) * 1_000 + 120_000,
    async execute(context) {
      const { config, idempotencyKey, signal } = context;
      const cluster = inCluster(kubernetes, context);
      const namespace = await cluster.namespaceOf(config.namespace);
      const name = `${config.name}-${sha256(idempotencyKey).slice(0, 12)}`;
      const jobs = `/apis/batch/v1/namespaces/${encodeURIComponent(namespace)}/jobs`;
      const spec = await specOf(cluster, namespace, config);
      const body = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, labels: LABELS }, spec };
      await cluster.send({ method: 'POST', path: jobs, body }, Job).catch((error: unknown) => {
        if (!isStatus(error, 409)) throw error;
      });
      const about = { name, namespace };
      if (!config.wait) return { output: about, artifact: { ...about, succeeded: null, logs: null } };
      const end = performance.now() + config.timeout_seconds * 1_000 + 60_000;
      for (;;) {
        const { status } = await cluster.send({ method: 'GET', path: `${jobs}/${name}` }, Job);
        const over = status?.conditions?.find(
          ({ type, status: holds }) => holds === 'True' && /^(Complete|Failed)$/.test(type),
        );
        if (over !== undefined) {
          const artifact = {
            ...about,
            succeeded: over.type === 'Complete',
            logs: await logsOf(cluster, about, context.note),
          };
          if (artifact.succeeded) return { output: artifact, artifact };
          const message = `The job ${name} failed: ${over.message ?? 'no reason was given'}`;
          throw new ProviderFailure('provider_failed', message, { retryable: false, output: artifact });
        }
        if (performance.now() > end) {
          throw new ProviderFailure('timeout', `The job ${name} did not end in time.`, {
            retryable: false,
            output: about,
          });
        }
        await pause(POLL_MS, undefined, { signal });
      }
    },
  };
}

const LABELS = { 'app.kubernetes.io/managed-by': 'fermata' };

async function specOf(cluster: Cluster, namespace: string, config: Config): Promise<Record<string, unknown>> {
  const { cronJob, image, command, args, env = {}, serviceAccountName, timeout_seconds: seconds } = config;
  const limits = { activeDeadlineSeconds: Math.ceil(seconds) };
  if ((cronJob === undefined) === (image === undefined)) throw invalid('Set either image or cronJob.');
  if (cronJob !== undefined) {
    const path = `/apis/batch/v1/namespaces/${encodeURIComponent(namespace)}/cronjobs/${encodeURIComponent(cronJob)}`;
    const found = await cluster.send({ method: 'GET', path }, KubeObject);
    const Spec = z.looseObject({ jobTemplate: z.looseObject({ spec: z.record(z.string(), z.unknown()) }) });
    return { ...Spec.parse(found['spec']).jobTemplate.spec, ...limits };
  }
  const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
  const container = { name: 'job', image, ...(command && { command }), ...(args && { args }), env: variables };
  const pod = { restartPolicy: 'Never', containers: [container], ...(serviceAccountName && { serviceAccountName }) };
  return {
    ...limits,
    backoffLimit: 0,
    ttlSecondsAfterFinished: 86_400,
    template: { metadata: { labels: LABELS }, spec: pod },
  };
}

/**
 * Returns the last 1,000 lines of the log of the Job's last pod, truncated to `LOG_BYTES`, or null if the Job has no
 * pods. If the log cannot be read, adds a note to the step and returns null.
 */
async function logsOf(
  cluster: Cluster,
  { name, namespace }: { name: string; namespace: string },
  note: (text: string) => void,
): Promise<string | null> {
  const pods = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
  try {
    const query = { labelSelector: `batch.kubernetes.io/job-name=${name}` };
    const { items } = await cluster.send(
      { method: 'GET', path: pods, query },
      z.looseObject({ items: z.array(KubeObject) }),
    );
    const pod = items.at(-1)?.metadata.name;
    if (pod === undefined) return null;
    const tail = { tailLines: '1000', limitBytes: String(LOG_BYTES) };
    const path = `${pods}/${encodeURIComponent(pod)}/log`;
    return await cluster.send({ method: 'GET', path, query: tail, isText: true }, z.string());
  } catch (error) {
    note(`The logs could not be read: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}
