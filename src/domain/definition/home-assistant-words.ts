/**
 * Words from Home Assistant automations that are not used here, with what to write instead. Each word is listed under a
 * key that occurs in only one kind of map, so that the hint appears only in maps of that kind. Sources:
 * https://www.home-assistant.io/docs/automation/yaml/ and https://www.home-assistant.io/docs/scripts/
 */
const WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  triggers: {
    alias: 'Write "name"',
    id: 'Leave it out: the service assigns the id',
    trigger: 'Write "triggers", a list',
    condition: 'Write "conditions", a list',
    action: 'Write "actions", a list',
    initial_state: 'Write "status: enabled" or "status: disabled"',
    max: 'Write "max_runs"',
    trigger_variables: 'Write "variables"',
    trace: 'Leave it out: every run keeps its trace',
    use_blueprint: 'Blueprints do not exist: write the automation out',
  },
  window: {
    alias: 'Write "id"',
    platform: 'Write "event: <plugin>.<name>", for example "event: automation.cron"',
    trigger: 'Write "event: <plugin>.<name>", for example "event: automation.cron"',
    entity_id: 'Write "event: automation.entity_changed" with "config: {kind, id}"',
    to: 'Write "config: {to: …}" of automation.entity_changed',
    from: 'Write "config: {from: …}" of automation.entity_changed',
    above: 'Write "config: {above: …}" of automation.numeric_state',
    below: 'Write "config: {below: …}" of automation.numeric_state',
    at: 'Write "event: automation.cron" with "config: {cron: …}"',
    hours: 'Write "event: automation.cron" with "config: {cron: …}"',
    minutes: 'Write "event: automation.cron" with "config: {cron: …}"',
    seconds: 'Write "event: automation.interval" with "config"',
    event_type: 'Write "event: automation.event" with "config: {type: …}"',
    event_data: 'Write "filter", an expression over trigger.payload',
    webhook_id: 'Write "event: automation.webhook" with "config: {hook: …}"',
    value_template: 'Write "filter", an expression without braces',
  },
  continue_on_error: {
    alias: 'Write "id" for the name of the step, "description" for a description',
    service: 'Write "action: <plugin>.<name>"',
    data: 'Write "config"',
    data_template: 'Write "config": its strings are templates',
    service_data: 'Write "config"',
    target: 'Write what the action works on into "config"',
    entity_id: 'Write what the action works on into "config"',
    if: 'Write "choose: [{when: …, sequence: […]}]" with "else"',
    then: 'Write "choose: [{when: …, sequence: […]}]" with "else"',
    default: 'Write "else"',
    wait_template: 'Write "wait_until: {condition: …}"',
    timeout: 'Write "timeout_seconds"',
    event: 'Write "action: automation.emit_event" with "config: {type: …}"',
    event_data: 'Write "action: automation.emit_event" with "config: {data: …}"',
    response_variable: 'Give the step an "id" and read artifacts.<id>',
    set_conversation_response: 'Conversations do not exist here',
    scene: 'Scenes do not exist: write the actions out',
    device_id: 'Devices do not exist: write "action: <plugin>.<name>" with "config"',
  },
  when: { conditions: 'Write "when"' },
  continue_on_timeout: { timeout: 'Write "timeout_seconds", a number of seconds' },
};

/** Keys of a condition in Home Assistant's form, `{condition: numeric_state, …}`, with what to write instead. */
const CONDITION_HINTS: Readonly<Record<string, string>> = {
  condition:
    'Write the kind as the key: {numeric_state: {…}}, {state: {…}}, {time: {…}}, {trigger: id}, {and: […]}; a template is a plain expression',
  value_template: 'Write the expression itself, without braces',
  entity_id: 'Write {state: {entity: <system id>, status: …}} or {state: {kind, id, field, equals}}',
};

/** Message for a list in place of an automation, as in Home Assistant's automations.yaml. */
export const LIST_AT_TOP =
  'Expected one automation (a map), got a list. Write each automation as a separate document, with "---" between them';

/** Returns the hint for a Home Assistant word in a map with the keys `known`, or undefined for any other word. */
export function homeAssistantHint(word: string, known: readonly string[]): string | undefined {
  const place = known.find((key) => Object.hasOwn(WORDS, key) && Object.hasOwn(WORDS[key] ?? {}, word));
  return place === undefined ? undefined : WORDS[place]?.[word];
}

/**
 * Returns the hint for a condition in Home Assistant's syntax, or undefined when none of `keys` belongs to that syntax.
 */
export function homeAssistantConditionHint(keys: readonly string[]): string | undefined {
  const key = keys.find((name) => Object.hasOwn(CONDITION_HINTS, name));
  return key === undefined ? undefined : CONDITION_HINTS[key];
}
