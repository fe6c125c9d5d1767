import type { Plugin } from '../../integrations/contract';
import { updateMetadataAction } from './actions/update-metadata';
import { catalogGroupKind } from './groups';
import { catalogSystemKind } from './catalog-system';
import { catalogTriggers } from './triggers';

/** The plugin for the catalogue of systems and groups. */
export const catalogPlugin: Plugin = {
  id: 'catalog',
  triggers: catalogTriggers,
  actions: [updateMetadataAction],
  entityKinds: [catalogSystemKind, catalogGroupKind],
};
