import type { Plugin } from '../../integrations/contract';
import { addUpdateAction } from './actions/add-update';
import { clearSystemAction } from './actions/clear-system';
import { createAction } from './actions/create';
import { setSystemAction } from './actions/set-system';
import { updateAction } from './actions/update';
import { maintenanceKind } from './maintenance-entity';
import { maintenanceTriggers } from './triggers';

/** The plugin for maintenances. People and automations plan them, and they start and end at the planned times. */
export const maintenancePlugin: Plugin = {
  id: 'maintenance',
  triggers: maintenanceTriggers,
  actions: [createAction, updateAction, addUpdateAction, setSystemAction, clearSystemAction],
  entityKinds: [maintenanceKind],
};
