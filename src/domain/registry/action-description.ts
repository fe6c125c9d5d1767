import type { z } from 'zod';

/** The description of an action for validation and for the registry endpoints. Its qualified id is `<plugin>.<id>`. */
export interface ActionDescription {
  /** Name within the plugin, e.g. `create`. */
  id: string;
  displayName: string;
  description: string;
  /**
   * Schema of the config. Fields marked with `.meta({'x-secret': true})` accept secrets; fields marked with
   * `.meta({'x-code': true})` are never rendered.
   */
  configSchema: z.ZodType;
  /** Returns warnings about a config that is valid but probably not intended. Called with the unrendered config. */
  configWarnings?(config: Readonly<Record<string, unknown>>): { key: string; message: string }[];
  /** The artifact of the action, available as `artifacts.<actionId>.<name>.<field>`. Its type is `<plugin>.<name>`. */
  produces?: {
    name: string;
    schema: z.ZodObject;
    /**
     * Fields that identify the object that the artifact represents. Closing an artifact closes all artifacts of the
     * automation that have the same values.
     */
    identity?: readonly string[];
  };
  /**
   * Qualified type of the artifact that the action can use when its config contains no id, e.g. `incident.incident`.
   */
  consumes?: string;
  /** Type of the connection that the config's `connectionId` must name. */
  connection?: string;
  /** Field of the config that names a connection of any type, instead of `connectionId`. */
  connectionField?: string;
}
