import { z } from 'zod';
import type { TriggerType } from '../../domain/registry/trigger-type';
import { HealthStatus } from '../healthcheck/health-status';
import { FermataError } from '../../domain/errors';
import type { Plugin, TransactionalAction } from '../../integrations/contract';
import {
  createDependency,
  deleteDependenciesOf,
  deleteDependency,
  dependencyKind,
  ImpactType,
  NewDependency,
  type Dependency,
} from './dependencies';

const edgeTrigger = (id: string, displayName: string, description: string): TriggerType => ({
  ...{ id, displayName, description, category: 'Dependencies', contextKeyLabel: 'dependency' },
  payloadSchema: z.object({
    dependencyId: z.string(),
    sourceSystemId: z.string(),
    targetSystemId: z.string(),
    impactType: ImpactType,
  }),
  contextKey: (payload) => String(payload.dependencyId),
});

const impactTrigger: TriggerType = {
  id: 'impact_propagated',
  displayName: 'Impact propagated',
  description: 'The status of a system changed in a way that affects systems that depend on it.',
  category: 'Dependencies',
  payloadSchema: z.object({
    sourceSystemId: z.string(),
    affectedSystems: z.array(z.object({ systemId: z.string(), previousState: HealthStatus, newState: HealthStatus })),
    timestamp: z.string(),
  }),
  contextKey: (payload) => String(payload.sourceSystemId),
  contextKeyLabel: 'system',
};

const edgeArtifact = {
  name: 'edge',
  identity: ['dependencyId'],
  entity: { kind: dependencyKind.kind, idField: 'dependencyId' },
  schema: z.object({
    dependencyId: z.string(),
    sourceSystemId: z.string(),
    targetSystemId: z.string(),
    impactType: ImpactType,
    transitive: z.boolean(),
  }),
};

const edgeOf = ({ id, sourceSystemId, targetSystemId, impactType, transitive }: Dependency) => ({
  ...{ dependencyId: id, sourceSystemId, targetSystemId, impactType, transitive },
});

const create: TransactionalAction<NewDependency> = {
  id: 'create',
  displayName: 'Create dependency',
  description: 'Makes one system depend on another.',
  configSchema: NewDependency,
  produces: edgeArtifact,
  execution: 'transaction',
  execute: async (context) => ({ artifact: edgeOf(await createDependency(context, context.config)) }),
};

const RemoveConfig = z.strictObject({ dependencyId: z.string().optional() });

const remove: TransactionalAction<z.infer<typeof RemoveConfig>> = {
  id: 'remove',
  displayName: 'Remove dependency',
  description: 'Removes the named dependency, or the one that an earlier step created.',
  configSchema: RemoveConfig,
  produces: edgeArtifact,
  consumes: 'dependency.edge',
  execution: 'transaction',
  async execute(context) {
    const id = context.config.dependencyId ?? (context.consumed?.['dependencyId'] as string | undefined);
    if (id === undefined) throw new FermataError('artifact_missing', 'Dependency not found: set dependencyId');
    return { artifact: edgeOf(await deleteDependency(context, id)), closesConsumed: true };
  },
};

/** The plugin for dependencies between systems, and for the impact of failures on dependants. */
export const dependencyPlugin: Plugin = {
  id: 'dependency',
  triggers: [
    edgeTrigger('created', 'Dependency created', 'A dependency of one system on another was created.'),
    edgeTrigger('updated', 'Dependency updated', 'Impact, ends or transitivity of a dependency changed.'),
    edgeTrigger('deleted', 'Dependency deleted', 'A dependency was removed.'),
    impactTrigger,
  ],
  actions: [create, remove],
  entityKinds: [dependencyKind],
  onSystemRemoved: deleteDependenciesOf,
};
