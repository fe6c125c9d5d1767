import type { ActionDescription } from '../registry/action-description';
import { normalizeEvent, type Registry } from '../registry/registry';
import type { TriggerType } from '../registry/trigger-type';
import { checkConfigNames, type KnownNames } from './check-names';
import { checkUnrendered } from './check-unrendered';
import type { Findings } from './findings';
import type { Segment } from './place';
import { isMap, listOf } from './plain-map';
import { configFindings } from './structure';

/** Removed events and their replacements. */
const REMOVED_EVENTS: ReadonlyMap<string, string> = new Map([
  [
    'template',
    'use automation.numeric_state or automation.entity_changed as the trigger, or a condition; both react at once instead of polling',
  ],
  [
    'healthcheck.flapping_detected',
    'use healthcheck.system_health_changed with "window: {count: 3, minutes: 60, refire: once}" and "filter: trigger.payload.newStatus != \\"healthy\\""',
  ],
]);

/**
 * Returns the trigger type that an event names. Returns undefined, and adds a finding, for an event that is unknown or
 * was removed.
 */
export function checkEvent(
  event: unknown,
  path: Segment[],
  registry: Registry<ActionDescription>,
  findings: Findings,
): TriggerType | undefined {
  if (typeof event !== 'string') return undefined;
  const replacement = REMOVED_EVENTS.get(event === 'automation.template' ? 'template' : normalizeEvent(event));
  if (replacement !== undefined) {
    findings.error({ path, code: 'removed_event', message: `"${event}" was removed: ${replacement}` });
    return undefined;
  }
  const type = registry.trigger(event);
  if (type) return type;
  const meant = registry.nearestTrigger(normalizeEvent(event));
  const hint = meant === undefined ? '; GET /api/v1/triggers lists all' : `. Did you mean "${meant}"?`;
  findings.error({ path, code: 'unknown_event', message: `Unknown event "${event}"${hint}` });
  return undefined;
}

/**
 * Checks the config of a trigger or wait against the event's schema. The config is never rendered, so a template in it
 * has no effect.
 */
export function checkTriggerConfig(
  type: TriggerType,
  event: string,
  owner: Record<string, unknown>,
  path: Segment[],
  findings: Findings,
): void {
  const config = owner.config ?? {};
  if (!isMap(config)) return;
  checkUnrendered(config, [...path, 'config'], ': what depends on the event belongs in "filter"', findings);
  const keys = Object.keys(config);
  if (type.configSchema) {
    const errors = configFindings(type.configSchema, config, [...path, 'config']);
    for (const finding of errors) findings.error(finding);
    const warnings = errors.length > 0 ? [] : (type.configWarnings?.(config) ?? []);
    for (const { key, message } of warnings) {
      findings.warning({ path: [...path, 'config', key], code: 'unlikely_value', message });
    }
  } else if (keys.length > 0) {
    findings.error({
      path: [...path, 'config'],
      atKey: true,
      code: 'unknown_key',
      message: `"${event}" takes no config`,
    });
  }
}

function checkFor(
  type: TriggerType,
  event: string,
  trigger: Record<string, unknown>,
  path: Segment[],
  registry: Registry<ActionDescription>,
  findings: Findings,
): void {
  const config = isMap(trigger.config) ? trigger.config : {};
  const report = (message: string) =>
    findings.error({ path: [...path, 'for'], atKey: true, code: 'for_not_possible', message });
  if (type.holds) {
    const reason = type.holds.refuses?.(config);
    if (reason !== undefined) report(`"for" is not possible here: ${reason}`);
    return;
  }
  const plugin = event.slice(0, event.indexOf('.') + 1);
  const able = [...registry.triggers()].filter(([id, { holds }]) => holds && id.startsWith(plugin)).map(([id]) => id);
  const hint = able.length > 0 ? ` It is possible with ${able.join(', ')}.` : '';
  report(`"for" needs a cause that can be checked at the deadline; "${event}" has none.${hint}`);
}

/** Checks the event, the config and the use of `for` of every trigger. */
export function checkTriggers(
  document: Record<string, unknown>,
  context: { registry: Registry<ActionDescription>; known: KnownNames; findings: Findings },
): void {
  const { registry, findings } = context;
  for (const [index, trigger] of listOf(document.triggers).entries()) {
    if (!isMap(trigger)) continue;
    const path: Segment[] = ['triggers', index];
    const type = checkEvent(trigger.event, [...path, 'event'], registry, findings);
    if (!type || typeof trigger.event !== 'string') continue;
    checkTriggerConfig(type, trigger.event, trigger, path, findings);
    checkConfigNames(type.configSchema, trigger.config, [...path, 'config'], context);
    if (trigger.for !== undefined) checkFor(type, trigger.event, trigger, path, registry, findings);
  }
}
