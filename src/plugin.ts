/**
 * The exports that plugins import as `fermata/plugin` (docs/plugins.md). Built-in plugins register in the same form.
 */
import type { OwnPlugin } from './integrations/contract';

export { z } from 'zod';
export { declareNonReactiveState, defineEntity, registerChangeDeriver } from './domain/entities/entity-kind';
export { computedEntity } from './integrations/computed-entity';
export { onEntityChanged } from './domain/registry/entity-listener';
export { FermataError } from './domain/errors';
export { ProviderFailure } from './integrations/provider-failure';
export { httpFailure } from './edges/egress/http-failure';
export { json, readRoute, writeRoute } from './api/http/route';
export { serviceRef } from './integrations/plugin-services';
export { sql } from 'drizzle-orm';
export type { PluginModule } from './integrations/load-plugins';
export type { PluginHost } from './integrations/plugin-environment';
export type { ReadContext } from './integrations/computed-entity';
export type { PluginLog } from './integrations/plugin-log';
export type { PluginSecrets } from './integrations/plugin-secrets';
export type { ServiceRef } from './integrations/plugin-services';
export type { EmitContext, OwnPlugin, RouteHost } from './integrations/contract';

/** Returns the plugin unchanged. With this function, editors and the compiler check the type of the plugin. */
export const definePlugin = (plugin: OwnPlugin): OwnPlugin => plugin;
