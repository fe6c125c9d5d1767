import type { z } from 'zod';

/** The entity that an artifact represents, which must be stored. Its state shows whether it has ended. */
export interface ArtifactEntity {
  /** Kind of the entity. Default: the value of the artifact's field `kind`. */
  kind?: string;
  /** Field of the artifact that contains the entity's id. */
  idField: string;
  /** Values of the state's field `status` of an entity that has ended. Default: none, so only its removal ends it. */
  endedStatuses?: readonly string[];
}

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
    /**
     * The entity that the artifact represents. While the entity has ended or does not exist, for example because a
     * person resolved or removed it, later runs do not consume the artifact, and retention does not keep its run.
     */
    entity?: ArtifactEntity;
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
