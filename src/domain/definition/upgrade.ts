import { normalizeEvent } from '../registry/registry';
import { isMap, listOf } from './plain-map';
import { TriggerDefinition } from './trigger';
import { deriveTriggerId } from './trigger-ids';

/** Version of this release's document format. Documents of older versions are upgraded by `fermata migrate`. */
export const DEFINITION_SCHEMA = 2;

type Document = Record<string, unknown>;

/** An upgrade from the previous version. Parts that the new version does not change are kept. */
type Upgrade = (document: Document) => Document;

/** Maps each version to the upgrade that produces it. */
const UPGRADES: Readonly<Record<number, Upgrade>> = { 2: withoutFlappingDetected };

/** Returns a stored document in the format of this release. */
export function upgradeDocument(document: Document, from: number): Document {
  let upgraded = document;
  for (let form = from + 1; form <= DEFINITION_SCHEMA; form += 1) upgraded = UPGRADES[form]?.(upgraded) ?? upgraded;
  return upgraded;
}

const FLAPPING = 'healthcheck.flapping_detected';
const NOT_HEALTHY = 'trigger.payload.newStatus != "healthy"';

/**
 * Replaces `healthcheck.flapping_detected` with a window over health changes. An existing filter is kept. The id that
 * was derived from the old event is written to the document, so that conditions can still refer to it.
 */
function withoutFlappingDetected(document: Document): Document {
  const isFlapping = (trigger: unknown): trigger is Document =>
    isMap(trigger) && typeof trigger.event === 'string' && normalizeEvent(trigger.event) === FLAPPING;
  if (!listOf(document.triggers).some(isFlapping)) return document;
  return { ...document, triggers: listOf(document.triggers).map((each) => (isFlapping(each) ? counting(each) : each)) };
}

function counting({ config, ...trigger }: Document): Document {
  const { transitions, windowMinutes } = isMap(config) ? config : {};
  const filter = bare(trigger.filter);
  const window = TriggerDefinition.shape.window.unwrap().shape;
  const count = window.count.safeParse(transitions);
  const minutes = window.minutes.safeParse(windowMinutes);
  return {
    ...trigger,
    id: trigger.id ?? deriveTriggerId(FLAPPING),
    event: 'healthcheck.system_health_changed',
    filter: filter === undefined ? NOT_HEALTHY : `(${filter}) && (${NOT_HEALTHY})`,
    window: { count: count.data ?? 3, minutes: minutes.data ?? 60, refire: 'once' },
  };
}

/**
 * Removes the braces around a filter, because they would be an error inside another expression. Returns undefined if
 * `filter` is not a string.
 */
function bare(filter: unknown): string | undefined {
  if (typeof filter !== 'string') return undefined;
  const enclosed = /^\s*\{\{([^]*)\}\}\s*$/.exec(filter)?.[1];
  return enclosed === undefined || enclosed.includes('{{') ? filter : enclosed.trim();
}
