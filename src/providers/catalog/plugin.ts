import type { Plugin } from '../contract';
import { catalogSystemKind } from './catalog-system';
import { catalogTriggers } from './triggers';

/** The catalogue of systems. */
export const catalogPlugin: Plugin = { id: 'catalog', triggers: catalogTriggers, entityKinds: [catalogSystemKind] };
