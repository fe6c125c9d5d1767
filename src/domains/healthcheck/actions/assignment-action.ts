import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';
import type { DomainWrite } from '../../domain-write';
import type { Assignment } from '../assignments';
import { CheckResult } from '../check-result';

const Config = z.strictObject({
  systemId: CheckResult.shape.systemId,
  configurationId: CheckResult.shape.configurationId,
});
type Config = z.infer<typeof Config>;

/** The artifact `assignment`; `enqueued` is true when a run of the check was requested. */
const assignmentArtifact = {
  name: 'assignment',
  schema: z.object({
    systemId: z.string(),
    configurationId: z.string(),
    enabled: z.boolean(),
    enqueued: z.boolean(),
  }),
};

/** Creates an action that applies `work` to the assignment of one check to one system. */
export function assignmentAction(
  texts: { id: string; displayName: string; description: string },
  work: (write: DomainWrite, config: Config) => Promise<{ assignment: Assignment; enqueued: boolean }>,
): TransactionalAction<Config> {
  return {
    ...texts,
    configSchema: Config,
    produces: assignmentArtifact,
    execution: 'transaction',
    async execute(context) {
      const { assignment, enqueued } = await work(context, context.config);
      const { systemId, configurationId, enabled } = assignment;
      return { artifact: { systemId, configurationId, enabled, enqueued } };
    },
  };
}
