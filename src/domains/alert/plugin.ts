import type { Plugin } from '../../integrations/contract';
import { alertKind } from './alert-entity';
import { alertTriggers } from './triggers';

/** Alerts of monitoring systems. */
export const alertPlugin: Plugin = {
  id: 'alert',
  triggers: alertTriggers,
  entityKinds: [alertKind],
};
