import type { z } from 'zod';

/** A part of a trigger's config that a payload does not match. */
export interface ConfigMismatch {
  /** Place below `config`, e.g. `matchers[1]`. */
  path: string;
  /** What was compared, e.g. `labels.env`. */
  expression: string;
  found: unknown;
  wanted: unknown;
}

/** What an automation can listen to. Qualified id = `<plugin>.<id>`. */
export interface TriggerType {
  /** Name inside the plugin, e.g. `system_degraded`. */
  id: string;
  displayName: string;
  description: string;
  category: string;
  payloadSchema: z.ZodType;
  /** Absent = the trigger takes no config. */
  configSchema?: z.ZodType;
  /** What is valid in a config but probably not meant, as findings for the author. Called with a valid config. */
  configWarnings?(config: Record<string, unknown>): { key: string; message: string }[];
  /** The key that runs, windows and waits are kept apart by; null or absent = one for the whole automation. */
  contextKey?(payload: Record<string, unknown>, config: Record<string, unknown>): string | null;
  /** What the context key names, for people: "system", "incident"…; absent = "per automation". */
  contextKeyLabel?: string;
  /** Event whose occurrences this trigger looks at, when it is no event of its own (`<plugin>.<id>` of another trigger). */
  source?: string;
  /** What the trigger's own payload is, from that of `source` and its config; null = it does not fire. */
  payloadOf?(payload: Record<string, unknown>, config: Record<string, unknown>): Record<string, unknown> | null;
  /**
   * Fires only when its number enters a range: null = with this config it does not matter where it came from. `inRange` is
   * asked of the payloads of earlier occurrences of `source`, newest first; undefined = cannot be read, look further back.
   */
  entering?(config: Record<string, unknown>): { inRange(payload: Record<string, unknown>): boolean | undefined } | null;
  /** The config gate; throwing = not passed, with the reason. */
  evaluateConfig?(payload: Record<string, unknown>, config: Record<string, unknown>): boolean;
  /**
   * The first part of a config that a payload does not match, for people; undefined = none can be named. Called when
   * `evaluateConfig` returned false. Default: the first key of the config that the payload has with another value.
   */
  mismatch?(payload: Record<string, unknown>, config: Record<string, unknown>): ConfigMismatch | undefined;
  /**
   * Splits the routing index below the event, so that thousands of automations on one event cost nothing when their
   * config names something else: a change looks only at triggers with the same key, and at those with key null.
   */
  routingKey?: {
    ofConfig(config: Record<string, unknown>): string | null;
    ofPayload(payload: Record<string, unknown>): string;
  };
  /** What `for:` confirms later; absent = `for:` is refused at save. */
  holds?: {
    /**
     * What `test` looks at: the state of the entity, or the payload of the newest occurrence of `source` (a number of a
     * check is no state). Default: entity.
     */
    reads?: 'entity' | 'source';
    entity(payload: Record<string, unknown>): { kind: string; id: string };
    /** Why `for:` cannot be confirmed with this config (e.g. `entity_changed` without `to`, or a nested field); absent = it always can. */
    refuses?(config: Record<string, unknown>): string | undefined;
    /** `state` null = the entity is gone. undefined = cannot be determined (null, unknown, text where a number belongs): the dwell stays as it is. */
    test(
      state: Record<string, unknown> | null,
      payload: Record<string, unknown>,
      config: Record<string, unknown>,
    ): boolean | undefined;
    /**
     * Which other entities keep a dwell armed when its own no longer does (a group of alerts holds while any of them
     * fires); null = none. Only for `reads: 'entity'`.
     */
    standIn?(
      payload: Record<string, unknown>,
      config: Record<string, unknown>,
    ): { kind: string; accepts(state: Record<string, unknown>): boolean } | null;
  };
}
