import type { z } from 'zod';
import type { EntityChange } from '../entities/change';

/** A part of a trigger's config, with the payload value that it is compared with. */
export interface ConfigComparison {
  /** Path below `config`, e.g. `matchers[1]`. */
  path: string;
  /** The payload value that is compared, e.g. `labels.env`. */
  expression: string;
  found: unknown;
  wanted: unknown;
}

/** A trigger type that automations can use. Its qualified id is `<plugin>.<id>`. */
export interface TriggerType {
  /** Name within the plugin, e.g. `system_degraded`. */
  id: string;
  displayName: string;
  description: string;
  category: string;
  payloadSchema: z.ZodType;
  /** Schema of the trigger's config; absent = the trigger has no config. */
  configSchema?: z.ZodType;
  /** Returns warnings about a config that is valid but probably not intended. Called with a valid config. */
  configWarnings?(config: Record<string, unknown>): { key: string; message: string }[];
  /** Returns the key that separates runs, windows and waits; null or absent = one key for the whole automation. */
  contextKey?(payload: Record<string, unknown>, config: Record<string, unknown>): string | null;
  /** What the context key identifies, e.g. "system" or "incident". Used for display. Default: "per automation". */
  contextKeyLabel?: string;
  /** Returns the label for a config that changes the context key; undefined = `contextKeyLabel`. */
  contextKeyLabelOf?(config: Record<string, unknown>): string | undefined;
  /**
   * The event (`<plugin>.<id>` of another trigger) whose occurrences this trigger evaluates. Set for a trigger that is
   * not itself an event.
   */
  source?: string;
  /**
   * Returns the payload of the trigger, derived from the payload of `source` and the config; null = the trigger does
   * not fire.
   */
  payloadOf?(payload: Record<string, unknown>, config: Record<string, unknown>): Record<string, unknown> | null;
  /**
   * For triggers that fire only when a number enters a range. Returns null when every value in the range fires with
   * this config. Otherwise, `inRange` is called with the payloads of earlier occurrences of `source`, from the newest
   * to the oldest, and returns whether the number was in the range. For a payload without the number, it returns
   * undefined, and the next older payload is tried.
   */
  entering?(config: Record<string, unknown>): { inRange(payload: Record<string, unknown>): boolean | undefined } | null;
  /** Evaluates the config gate. If it throws, the event does not pass the gate, and the message is the reason. */
  evaluateConfig?(payload: Record<string, unknown>, config: Record<string, unknown>): boolean;
  /**
   * Returns the first part of a config that a payload does not match; undefined = unknown. Called when `evaluateConfig`
   * has returned false. Default: the first key of the config that has a different value in the payload.
   */
  mismatch?(payload: Record<string, unknown>, config: Record<string, unknown>): ConfigComparison | undefined;
  /**
   * Returns the parts of a config that a payload matches. Called when `evaluateConfig` has returned true. Default: the
   * keys of the config that have the same value in the payload.
   */
  matched?(payload: Record<string, unknown>, config: Record<string, unknown>): ConfigComparison[];
  /**
   * Partitions the routing index of an event by a key. A change is compared only with triggers that have the same key
   * or no key. Triggers with other keys therefore cost nothing, even if thousands of automations listen for the event.
   */
  routingKey?: {
    ofConfig(config: Record<string, unknown>): string | null;
    ofPayload(payload: Record<string, unknown>): string;
  };
  /** How `for:` checks later whether the cause still holds; absent = `for:` is refused when an automation is saved. */
  holds?: {
    /**
     * Input of `test`. `entity` (default): the state of the entity. `source`: the payload of the newest occurrence of
     * the trigger's `source`. This is needed for numbers in check results, because no state contains them.
     */
    reads?: 'entity' | 'source';
    entity(payload: Record<string, unknown>): { kind: string; id: string };
    /**
     * Returns why `for:` cannot be checked with this config (e.g. `entity_changed` without `to`, or a nested field);
     * undefined = it can be checked. Default: it can always be checked.
     */
    refuses?(config: Record<string, unknown>): string | undefined;
    /**
     * Returns whether the cause holds. `state` null = the entity was removed. Returns undefined when this cannot be
     * determined (null, unknown, text instead of a number); the dwell then stays unchanged.
     */
    test(
      state: Record<string, unknown> | null,
      payload: Record<string, unknown>,
      config: Record<string, unknown>,
    ): boolean | undefined;
    /**
     * Returns what ended the cause. The text is part of the reason that users see. undefined = the change already shows
     * it.
     */
    endedBy?(change: EntityChange): string | undefined;
    /**
     * Returns which other entities keep a dwell armed when its own entity no longer does (for example, the alerts of a
     * group as long as any of them is firing); null = none. Only for `reads: 'entity'`.
     */
    standIn?(
      payload: Record<string, unknown>,
      config: Record<string, unknown>,
    ): { kind: string; accepts(state: Record<string, unknown>): boolean } | null;
  };
}
