import { z } from 'zod';
import type { CallingAction } from '../contract';
import type { KubernetesClient } from './client';
import { common, inCluster, invalid, KubeObject, resourceResult, Text, type Cluster } from './resources';

const workload = {
  connectionId: Text,
  namespace: Text.optional().describe(
    'Default: the only namespace that the connection allows, otherwise the namespace of the context',
  ),
  name: Text,
};
const Controller = z.enum(['Deployment', 'StatefulSet', 'DaemonSet']).default('Deployment');

const RestartConfig = z.strictObject({ ...workload, kind: Controller });
const Begun = z.object({ at: z.string() });

/**
 * Creates the action `integration-kubernetes.rollout_restart`. A repeated attempt writes the same restart time, so
 * nothing restarts twice.
 */
export function createRolloutRestart(kubernetes: KubernetesClient): CallingAction<z.infer<typeof RestartConfig>> {
  return {
    ...common,
    id: 'rollout_restart',
    displayName: 'Restart Kubernetes workload',
    description: 'Replaces the pods of a workload one after another, like kubectl rollout restart.',
    configSchema: RestartConfig,
    async execute(context) {
      const { config, now, progress, note } = context;
      const cluster = inCluster(kubernetes, context);
      const path = await cluster.pathOf(config);
      const at = Begun.safeParse(await progress.read()).data?.at ?? now.toISOString();
      await progress.write({ at });
      const annotations = { 'kubectl.kubernetes.io/restartedAt': at };
      const body = { spec: { template: { metadata: { annotations } } } };
      return resourceResult(
        await cluster.send({ method: 'PATCH', path, body, patch: 'strategic' }, KubeObject),
        note,
        config,
      );
    },
  };
}

const ScaleConfig = z.strictObject({
  ...workload,
  kind: z.enum(['Deployment', 'StatefulSet', 'ReplicaSet']).default('Deployment'),
  replicas: z.int().min(0).max(100_000),
});

/** Creates the action `integration-kubernetes.scale`. */
export function createScale(kubernetes: KubernetesClient): CallingAction<z.infer<typeof ScaleConfig>> {
  return {
    ...common,
    id: 'scale',
    displayName: 'Scale Kubernetes workload',
    description: 'Sets the number of replicas.',
    configSchema: ScaleConfig,
    async execute(context) {
      const { config, note } = context;
      const cluster = inCluster(kubernetes, context);
      const path = await cluster.pathOf(config);
      const body = { spec: { replicas: config.replicas } };
      await cluster.send(
        { method: 'PATCH', path: `${path}/scale`, body, patch: 'merge', retryConflict: true },
        KubeObject,
      );
      return resourceResult(await cluster.send({ method: 'GET', path }, KubeObject), note, config);
    },
  };
}

const UndoConfig = z.strictObject({
  ...workload,
  kind: Controller,
  toRevision: z.int().min(1).optional().describe('Default: the revision before the current one'),
});
type UndoConfig = z.infer<typeof UndoConfig>;
const Chosen = z.object({ path: z.string() });
const REVISION = 'deployment.kubernetes.io/revision';

/**
 * Creates the action `integration-kubernetes.rollout_undo`. The first attempt chooses the revision, so a repeated
 * attempt does not undo the rollback.
 */
export function createRolloutUndo(kubernetes: KubernetesClient): CallingAction<UndoConfig> {
  return {
    ...common,
    id: 'rollout_undo',
    displayName: 'Undo Kubernetes rollout',
    description: 'Rolls a workload back to an earlier revision, like kubectl rollout undo.',
    configSchema: UndoConfig,
    async execute(context) {
      const { config, progress, note } = context;
      const cluster = inCluster(kubernetes, context);
      const path = await cluster.pathOf(config);
      const chosen =
        Chosen.safeParse(await progress.read()).data?.path ?? (await chooseRevision(cluster, path, config));
      await progress.write({ path: chosen });
      const revision = await cluster.send({ method: 'GET', path: chosen }, KubeObject);
      const request =
        config.kind === 'Deployment'
          ? { body: [{ op: 'replace', path: '/spec/template', value: templateOf(revision) }], patch: 'json' as const }
          : { body: revision['data'], patch: 'strategic' as const };
      return resourceResult(await cluster.send({ method: 'PATCH', path, ...request }, KubeObject), note, config);
    },
  };
}

/**
 * Returns the path of the ReplicaSet or ControllerRevision to roll back to: that of `toRevision`, by default the
 * revision before the current one.
 * @throws {ProviderFailure} `config_invalid` when it does not exist
 */
async function chooseRevision(cluster: Cluster, path: string, { kind, toRevision }: UndoConfig): Promise<string> {
  const { metadata } = await cluster.send({ method: 'GET', path }, KubeObject);
  const plural = kind === 'Deployment' ? 'replicasets' : 'controllerrevisions';
  const list = path.replace(/\/[^/]+\/[^/]+$/, `/${plural}`);
  const { items } = await cluster.send({ method: 'GET', path: list }, z.looseObject({ items: z.array(KubeObject) }));
  const revisions = items
    .filter(({ metadata: { ownerReferences = [] } }) => ownerReferences.some(({ uid }) => uid === metadata.uid))
    .map((object) => ({ name: object.metadata.name, revision: revisionOf(object, kind) }))
    .sort((a, b) => b.revision - a.revision);
  const chosen = toRevision === undefined ? revisions[1] : revisions.find(({ revision }) => revision === toRevision);
  if (chosen === undefined) {
    const known = revisions.map(({ revision }) => revision).join(', ');
    throw invalid(
      `${toRevision === undefined ? 'Earlier revision' : `Revision ${toRevision}`} not found. Known: ${known || 'none'}.`,
    );
  }
  return `${list}/${encodeURIComponent(chosen.name)}`;
}

function revisionOf(object: KubeObject, kind: string): number {
  if (kind === 'Deployment') return Number(object.metadata.annotations?.[REVISION] ?? 0);
  return typeof object['revision'] === 'number' ? object['revision'] : 0;
}

/** Returns the pod template of a ReplicaSet, without the label that the Deployment controller has added. */
function templateOf(replicaSet: KubeObject): unknown {
  const Template = z.looseObject({ metadata: z.looseObject({ labels: z.record(z.string(), z.string()).optional() }) });
  const { template } = z.looseObject({ template: Template }).parse(replicaSet['spec']);
  const { 'pod-template-hash': _hash, ...labels } = template.metadata.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}
