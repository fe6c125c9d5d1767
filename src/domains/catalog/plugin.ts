import type { Plugin } from '../../integrations/contract';
import { updateMetadataAction } from './actions/update-metadata';
import { catalogGroupKind } from './groups';
import { catalogSystemKind } from './catalog-system';
import { catalogTriggers } from './triggers';

/** The catalogue of systems. */
export const catalogPlugin: Plugin = {
  id: 'catalog',
  triggers: catalogTriggers,
  actions: [updateMetadataAction],
  entityKinds: [catalogSystemKind, catalogGroupKind],
};
