import type { Plugin } from '../contract';
import { healthKind } from './health-entity';
import { healthcheckTriggers } from './triggers';

/** Health of systems, from results of checks and from alerts. */
export const healthcheckPlugin: Plugin = {
  id: 'healthcheck',
  triggers: healthcheckTriggers,
  entityKinds: [healthKind],
};
