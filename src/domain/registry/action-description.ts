import type { z } from 'zod';

/** The description of an action for validation and the registry endpoints. Qualified id = `<plugin>.<id>`. */
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
     * Fields that identify the object of the artifact: closing an artifact closes all artifacts of the automation with
     * the same values.
     */
    identity?: readonly string[];
  };
  /** Qualified type of the artifact that the action can use when the config names no id, e.g. `incident.incident`. */
  consumes?: string;
  /** Connection type that the config's `connectionId` must name. */
  connection?: string;
  /** Field of the config that names a connection of any type, instead of `connectionId`. */
  connectionField?: string;
}
