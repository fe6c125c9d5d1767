import type { z } from 'zod';

/** An action, as far as validation and the registry endpoints need it. Qualified id = `<plugin>.<id>`. */
export interface ActionDescription {
  /** Name inside the plugin, e.g. `create`. */
  id: string;
  displayName: string;
  description: string;
  /** Fields marked with `.meta({'x-secret': true})` take secrets; `.meta({'x-code': true})` are never rendered. */
  configSchema: z.ZodType;
  /** Returns warnings about a config that is valid but probably not intended. Called with the unrendered config. */
  configWarnings?(config: Readonly<Record<string, unknown>>): { key: string; message: string }[];
  /** The artifact of the action: `artifacts.<actionId>.<name>.<field>`. Its type is `<plugin>.<name>`. */
  produces?: {
    name: string;
    schema: z.ZodObject;
    /**
     * Fields that identify the object of the artifact: ending one ends every artifact of the automation with the same
     * values.
     */
    identity?: readonly string[];
  };
  /** Qualified artifact type it can work on when the config names no id, e.g. `incident.incident`. */
  consumes?: string;
  /** Connection type that the config's `connectionId` must name. */
  connection?: string;
  /** Field of the config that names a connection of any type, instead of `connectionId`. */
  connectionField?: string;
}
