import type { Plugin } from '../../integrations/contract';
import { acknowledgeAction } from './actions/acknowledge';
import { silenceAction } from './actions/silence';
import { unsilenceAction } from './actions/unsilence';
import { alertKind } from './alert-entity';
import { alertTriggers } from './triggers';

/** Alerts of monitoring systems. */
export const alertPlugin: Plugin = {
  id: 'alert',
  triggers: alertTriggers,
  actions: [acknowledgeAction, silenceAction, unsilenceAction],
  entityKinds: [alertKind],
};
