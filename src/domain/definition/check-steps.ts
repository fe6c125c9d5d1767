import type { ActionDescription } from '../registry/action-description';
import type { Registry } from '../registry/registry';
import type { TriggerType } from '../registry/trigger-type';
import { DEFAULT_MAX_ITERATIONS } from './action';
import { checkConfigNames, checkConnectionName, type KnownNames } from './check-names';
import { checkSecretUse, type SecretBindings } from './check-secret-uses';
import { checkEvent, checkTriggerConfig } from './check-triggers';
import type { Findings } from './findings';
import { valueAt } from '../validation/found-value';
import { formatPlace, type Segment } from './place';
import { isMap, listOf } from './plain-map';
import { isFlagged } from './schema-at';
import { type SecretFields, visitTexts } from './secret-references';
import { configFindings } from './structure';
import { eventsOfWait, MAX_STEP_DEPTH, type StepVisit } from './walk';
import { deriveTriggerId } from './trigger-ids';

/** Maximum number of steps in a document, at any depth. */
export const MAX_STEPS = 500;

/** Schedule events. Each schedule belongs to one automation, so a `wait_for_trigger` cannot wait for these events. */
const SCHEDULES: ReadonlySet<string> = new Set(['automation.cron', 'automation.interval']);

/** Inputs and results of the step checks. */
export interface StepContext {
  registry: Registry<ActionDescription>;
  connections: ReadonlySet<string> | undefined;
  known: KnownNames;
  bindings: SecretBindings | undefined;
  document: Record<string, unknown>;
  findings: Findings;
  /** Result: paths of the config fields that accept secrets. */
  secretFields: SecretFields;
  /** Result: the action of each step, by step id; null for steps of other kinds. */
  ids: Map<string, string | null>;
  /** Returns an unused id that is derived from an id that is already in use. */
  proposeId: (id: string) => string;
  /** Result: the number of steps. */
  count: number;
}

function checkIdentity({ step, path }: StepVisit, context: StepContext): void {
  const { id, action } = step;
  if (typeof id !== 'string') return;
  if (context.ids.has(id)) {
    const message = `Another action already has the id "${id}"; write "id: ${context.proposeId(id)}" here`;
    context.findings.error({ path: [...path, 'id'], code: 'duplicate_id', message });
    return;
  }
  context.ids.set(id, typeof action === 'string' ? action : null);
}

function checkLimits({ path, depth }: StepVisit, context: StepContext): void {
  context.count += 1;
  if (context.count === MAX_STEPS + 1) {
    context.findings.error({ path, code: 'limit_exceeded', message: `A document has at most ${MAX_STEPS} actions` });
  }
  if (depth === MAX_STEP_DEPTH + 1) {
    context.findings.error({
      path,
      code: 'limit_exceeded',
      message: `Actions are nested at most ${MAX_STEP_DEPTH} deep`,
    });
  }
}

/** Returns whether a config value is, or contains, a template. */
function hasTemplate(value: unknown): boolean {
  let found = false;
  visitTexts(value, [], (text) => (found ||= text.includes('{{')));
  return found;
}

/** Codes of findings that concern the name of a field. They apply even if the value is a template. */
const ABOUT_KEYS = new Set(['unknown_key', 'invalid_key']);

function checkConfig(
  type: ActionDescription,
  action: string,
  config: Record<string, unknown>,
  path: Segment[],
  context: StepContext,
): void {
  for (const finding of configFindings(type.configSchema, config, path)) {
    const relative = finding.path.slice(path.length);
    const value = valueAt(config, relative);
    // A text with "{{" may represent any type, so rules over several fields cannot be checked while one of the fields
    // is a template.
    if (value !== undefined && !ABOUT_KEYS.has(finding.code) && hasTemplate(value)) continue;
    context.findings.error(finding);
  }
  visitTexts(config, [], (text, relative) => {
    const isEnvironment = isFlagged(type.configSchema, relative, ['x-secret-env']);
    if (!isEnvironment && !isFlagged(type.configSchema, relative, ['x-secret'])) return;
    const place = [...path, ...relative];
    context.secretFields.add(formatPlace(place));
    if (!context.bindings) return;
    const step = { action, config, isEnvironment, document: context.document };
    checkSecretUse(text, place, step, context.bindings, context.findings);
  });
  for (const { key, message } of type.configWarnings?.(config) ?? []) {
    context.findings.warning({ path: [...path, key], code: 'unlikely_value', message });
  }
  checkConfigNames(type.configSchema, config, path, context);
  const { connectionField = 'connectionId' } = type;
  const connectionId = config[connectionField];
  if (!context.connections || typeof connectionId !== 'string') return;
  checkConnectionName(connectionId, [...path, connectionField], context.connections, context.findings);
}

function checkAction({ step, path }: StepVisit, context: StepContext): void {
  if (typeof step.action !== 'string') return;
  const type = context.registry.action(step.action);
  if (!type) {
    const meant = context.registry.nearestAction(step.action);
    const hint = meant === undefined ? '; GET /api/v1/actions lists all' : `. Did you mean "${meant}"?`;
    const message = `Unknown action "${step.action}"${hint}`;
    context.findings.error({ path: [...path, 'action'], code: 'unknown_action', message });
    return;
  }
  const config = step.config ?? {};
  if (isMap(config)) checkConfig(type, step.action, config, [...path, 'config'], context);
}

/** Returns the context key label of a trigger or wait; undefined if its type has none. */
function keyLabelOf(type: TriggerType, { config }: Record<string, unknown>): string | undefined {
  return (isMap(config) ? type.contextKeyLabelOf?.(config) : undefined) ?? type.contextKeyLabel;
}

/**
 * Returns the context key labels of the document's triggers; undefined for a trigger without one. Unknown triggers are
 * left out.
 */
function triggerKeyLabels({ document, registry }: StepContext): (string | undefined)[] {
  return listOf(document.triggers).flatMap((trigger) => {
    const type = isMap(trigger) && typeof trigger.event === 'string' ? registry.trigger(trigger.event) : undefined;
    return type && isMap(trigger) ? [keyLabelOf(type, trigger)] : [];
  });
}

function checkWait(wait: Record<string, unknown>, path: Segment[], context: StepContext): void {
  if (typeof wait.event === 'string' && SCHEDULES.has(wait.event)) {
    const message = `"${wait.event}" belongs to one automation and cannot be waited for: use "delay", or a "time" condition in "wait_until"`;
    context.findings.error({ path: [...path, 'event'], code: 'schedule_not_waitable', message });
    return;
  }
  const type = checkEvent(wait.event, [...path, 'event'], context.registry, context.findings);
  if (!type || typeof wait.event !== 'string') return;
  checkTriggerConfig(type, wait.event, wait, path, context.findings);
  checkConfigNames(type.configSchema, wait.config, [...path, 'config'], context);
  const awaited = keyLabelOf(type, wait);
  const other = triggerKeyLabels(context).find((label) => label !== awaited);
  const differs = triggerKeyLabels(context).some((label) => label !== awaited);
  if (wait.context_key !== undefined || !differs) return;
  const key = (label: string | undefined) => (label === undefined ? 'none' : `the ${label}`);
  const message = `The run's context key is ${key(other)}, but that of "${wait.event}" is ${key(awaited)}: set "context_key"`;
  context.findings.warning({ path: [...path, 'event'], code: 'context_key_differs', message });
}

/** Warns about events of one wait that `wait.trigger.id` cannot distinguish. */
function checkAwaitedIds(events: ReturnType<typeof eventsOfWait>, { findings }: StepContext): void {
  const seen = new Set<string>();
  for (const [{ id, event }, path] of events) {
    const name = typeof id === 'string' ? id : deriveTriggerId(String(event));
    if (seen.has(name)) {
      const message = `Another event of this wait has the id "${name}": write "id" to distinguish them by wait.trigger.id`;
      findings.warning({ path, code: 'duplicate_id', message });
    }
    seen.add(name);
  }
}

/** Warns about a loop whose maximum number of iterations is below its count. */
function checkRepeat(repeat: Record<string, unknown>, path: Segment[], { findings }: StepContext): void {
  const { count, max_iterations: most = DEFAULT_MAX_ITERATIONS } = repeat;
  if (typeof count !== 'number' || typeof most !== 'number' || count <= most) return;
  const message = `Ends after ${most} of ${count} iterations: set "max_iterations"`;
  findings.warning({ path: [...path, 'count'], code: 'cut_by_max_iterations', message });
}

/** Checks one step: the limits, its id, the action that it calls or the event that it waits for, and its config. */
export function checkStep(visit: StepVisit, context: StepContext): void {
  checkLimits(visit, context);
  checkIdentity(visit, context);
  if (visit.kind === 'action') checkAction(visit, context);
  const { repeat, wait_for_trigger: wait } = visit.step;
  if (isMap(repeat)) checkRepeat(repeat, [...visit.path, 'repeat'], context);
  if (isMap(wait)) {
    const events = eventsOfWait(wait, [...visit.path, 'wait_for_trigger']);
    for (const [event, place] of events) checkWait(event, place, context);
    checkAwaitedIds(events, context);
  }
}
