import type { Plugin } from '../../integrations/contract';
import { emitEventAction } from './actions/emit-event';
import { logAction } from './actions/log';
import { removeStateAction } from './actions/remove-state';
import { setStateAction } from './actions/set-state';
import { entityChangedTrigger } from './triggers/entity-changed';
import { eventTrigger } from './triggers/event';
import { numericStateTrigger } from './triggers/numeric-state';
import { cronTrigger, intervalTrigger } from './triggers/schedule';
import { webhookTrigger } from './triggers/webhook';

/** The built-in triggers and actions of automations: events of any type, changes of any entity, and custom state. */
export const automationPlugin: Plugin = {
  id: 'automation',
  triggers: [entityChangedTrigger, eventTrigger, numericStateTrigger, webhookTrigger, cronTrigger, intervalTrigger],
  actions: [logAction, emitEventAction, setStateAction, removeStateAction],
};
