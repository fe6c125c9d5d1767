import type { Plugin } from '../../integrations/contract';
import { disableAssignmentAction } from './actions/disable-assignment';
import { enableAssignmentAction } from './actions/enable-assignment';
import { runNowAction } from './actions/run-now';
import { healthKind } from './health-entity';
import { healthcheckTriggers } from './triggers';

/** The plugin for the health of systems, which is derived from check results and from alerts. */
export const healthcheckPlugin: Plugin = {
  id: 'healthcheck',
  triggers: healthcheckTriggers,
  actions: [runNowAction, enableAssignmentAction, disableAssignmentAction],
  entityKinds: [healthKind],
};
