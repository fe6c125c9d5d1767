import type { Definition } from '../../domain/definition/schema';
import { FermataError, type Finding } from '../../domain/errors';
import type { Registry } from '../../domain/registry/registry';
import type { TriggerType } from '../../domain/registry/trigger-type';
import { explain, findingsOf } from '../../domain/validation/explain';
import { pluginMissing } from '../../evaluation/require-filters';

/**
 * Returns an automation's trigger and the type of that trigger.
 * @throws {FermataError} `validation_failed` when the automation has no trigger with this id, `plugin_missing` when
 * this process lacks its type
 */
export function triggerNamed(
  registry: Registry,
  { triggers }: Pick<Definition, 'triggers'>,
  id: string,
): { trigger: Definition['triggers'][number]; type: TriggerType } {
  const trigger = triggers.find((each) => each.id === id);
  const type = trigger && registry.trigger(trigger.event);
  if (trigger && type) return { trigger, type };
  if (trigger) throw pluginMissing(`trigger ${trigger.event}`);
  const known = triggers.map((each) => each.id).join(', ');
  throw invalid([
    { path: 'triggerId', message: `Trigger "${id}" not found; the automation has: ${known}`, code: 'unknown_trigger' },
  ]);
}

/** Returns findings for the parts of a payload that do not match the schema of the trigger's events. */
export function payloadFindings(type: TriggerType, payload: unknown): Finding[] {
  const parsed = explain(type.payloadSchema, payload);
  return parsed.success ? [] : findingsOf(parsed.problems, ['payload']);
}

/** Returns the error for an invalid request. Its message consists of the first finding and its path. */
export function invalid(errors: Finding[]): FermataError {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const message = first === undefined ? 'Not valid' : `${first.path}: ${first.message}${more}`;
  return new FermataError('validation_failed', message, { errors });
}
