import type { Plugin } from '../../integrations/contract';
import { addUpdateAction } from './actions/add-update';
import { clearSystemAction } from './actions/clear-system';
import { createAction } from './actions/create';
import { setSystemAction } from './actions/set-system';
import { updateAction } from './actions/update';
import { maintenanceKind } from './maintenance-entity';
import { maintenanceTriggers } from './triggers';

/** Maintenances: planned by people and automations, started and ended by the clock. */
export const maintenancePlugin: Plugin = {
  id: 'maintenance',
  triggers: maintenanceTriggers,
  actions: [createAction, updateAction, addUpdateAction, setSystemAction, clearSystemAction],
  entityKinds: [maintenanceKind],
};
