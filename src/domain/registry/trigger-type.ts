import type { z } from 'zod';

/** A part of a trigger's config that a payload does not match. */
export interface ConfigMismatch {
  /** Path below `config`, e.g. `matchers[1]`. */
  path: string;
  /** The compared value, e.g. `labels.env`. */
  expression: string;
  found: unknown;
  wanted: unknown;
}

/** A trigger type that automations can use. Qualified id = `<plugin>.<id>`. */
export interface TriggerType {
  /** Name inside the plugin, e.g. `system_degraded`. */
  id: string;
  displayName: string;
  description: string;
  category: string;
  payloadSchema: z.ZodType;
  /** Absent = the trigger takes no config. */
  configSchema?: z.ZodType;
  /** Returns warnings about a config that is valid but probably not intended. Called with a valid config. */
  configWarnings?(config: Record<string, unknown>): { key: string; message: string }[];
  /** Returns the key by which runs, windows and waits are separated; null or absent = one for the whole automation. */
  contextKey?(payload: Record<string, unknown>, config: Record<string, unknown>): string | null;
  /** What the context key identifies, for display: "system", "incident"…; absent = "per automation". */
  contextKeyLabel?: string;
  /**
   * Event whose occurrences this trigger evaluates, if it is not an event itself (`<plugin>.<id>` of another trigger).
   */
  source?: string;
  /** Returns the trigger's payload, from that of `source` and its config; null = it does not fire. */
  payloadOf?(payload: Record<string, unknown>, config: Record<string, unknown>): Record<string, unknown> | null;
  /**
   * For triggers that fire only when a number enters a range; null = with this config, every value in the range fires.
   * `inRange` is called with the payloads of earlier occurrences of `source`, newest first; undefined = not readable,
   * try an earlier one.
   */
  entering?(config: Record<string, unknown>): { inRange(payload: Record<string, unknown>): boolean | undefined } | null;
  /** Evaluates the config gate. If it throws, the event does not pass, and the message is the reason. */
  evaluateConfig?(payload: Record<string, unknown>, config: Record<string, unknown>): boolean;
  /**
   * Returns the first part of a config that a payload does not match; undefined = unknown. Called when `evaluateConfig`
   * returned false. Default: the first key of the config with another value in the payload.
   */
  mismatch?(payload: Record<string, unknown>, config: Record<string, unknown>): ConfigMismatch | undefined;
  /**
   * Divides the routing index of an event by a key: a change is compared only with triggers of the same key and with
   * those without a key. Thousands of automations on one event thus cost nothing for changes with other keys.
   */
  routingKey?: {
    ofConfig(config: Record<string, unknown>): string | null;
    ofPayload(payload: Record<string, unknown>): string;
  };
  /** How `for:` confirms the cause later; absent = `for:` is refused at save. */
  holds?: {
    /**
     * Input of `test`: the state of the entity, or the payload of the newest occurrence of `source`, for numbers of
     * checks, which are not state. Default: entity.
     */
    reads?: 'entity' | 'source';
    entity(payload: Record<string, unknown>): { kind: string; id: string };
    /**
     * Why `for:` cannot be confirmed with this config (e.g. `entity_changed` without `to`, or a nested field); absent =
     * it always can.
     */
    refuses?(config: Record<string, unknown>): string | undefined;
    /**
     * `state` null = the entity was removed. undefined = cannot be determined (null, unknown, text instead of a
     * number): the dwell stays unchanged.
     */
    test(
      state: Record<string, unknown> | null,
      payload: Record<string, unknown>,
      config: Record<string, unknown>,
    ): boolean | undefined;
    /**
     * Returns the other entities that keep a dwell armed when its own entity no longer does (a group of alerts holds
     * while any of them fires); null = none. Only for `reads: 'entity'`.
     */
    standIn?(
      payload: Record<string, unknown>,
      config: Record<string, unknown>,
    ): { kind: string; accepts(state: Record<string, unknown>): boolean } | null;
  };
}
