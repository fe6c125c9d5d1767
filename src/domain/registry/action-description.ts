import type { z } from 'zod';

/** What a step can do, as far as validation and the registry endpoints are concerned. Qualified id = `<plugin>.<id>`. */
export interface ActionDescription {
  /** Name inside the plugin, e.g. `create`. */
  id: string;
  displayName: string;
  description: string;
  /** Fields marked with `.meta({'x-secret': true})` take secrets; `.meta({'x-code': true})` are never rendered. */
  configSchema: z.ZodType;
  /**
   * What is valid in a config but probably not meant, as warnings for the author. Called with the config as it is written,
   * templates included.
   */
  configWarnings?(config: Readonly<Record<string, unknown>>): { key: string; message: string }[];
  /** The artifact it leaves: `artifacts.<actionId>.<name>.<field>`. Its type is `<plugin>.<name>`. */
  produces?: {
    name: string;
    schema: z.ZodObject;
    /** Fields that identify what the artifact stands for: ending one ends every artifact of the automation with the same values. */
    identity?: readonly string[];
  };
  /** Qualified artifact type it can work on when the config names no id, e.g. `incident.incident`. */
  consumes?: string;
  /** Connection type that the config's `connectionId` must name. */
  connection?: string;
  /** Field of the config that names a connection of any type, in place of `connectionId`. */
  connectionField?: string;
}
