import type { JsonSchema } from './scope-schemas';

const described = (description: string, schema: JsonSchema = {}): JsonSchema => ({ ...schema, description });
const text = (description: string) => described(description, { type: 'string' });
const number = (description: string) => described(description, { type: 'number' });
const truth = (description: string) => described(description, { type: 'boolean' });
const closed = (description: string, properties: Record<string, JsonSchema>) =>
  described(description, { type: 'object', properties, additionalProperties: false });

const ACTOR_TYPES = ['user', 'application', 'service', 'system', 'automation'];

/** Members of `trigger` and of `wait.trigger`, apart from the `id` of the trigger. */
export const TRIGGER_FIELDS = {
  event: described('Its event, e.g. alert.fired'),
  eventId: described('The same as event'),
  payload: described('Payload of the event'),
  occurredAt: text('When it happened, ISO 8601'),
  changeId: text('Id of the change in the log'),
  actor: closed('Who caused it', {
    type: described('Kind of the actor', { enum: ACTOR_TYPES }),
    id: described('Id of the actor'),
    name: described('Name of the actor'),
  }),
  prev: described('State of the entity before the change; null when it was created'),
  next: described('State of the entity after the change; null when it was deleted'),
  changedFields: described('Names of the fields that changed'),
  dwell: closed('The time for which the cause held, with `for`', {
    armedAt: described('When the time began, ISO 8601'),
    firedAt: described('When the time was over, ISO 8601'),
    seconds: described('Length of `for` in seconds'),
  }),
};

const VARIABLES = described('Variables of the document and of steps before this one');

/**
 * Names with which an expression can start, in the order in which messages list them. The members of roots without
 * properties, such as `trigger`, depend on the document.
 */
export const SCOPE_ROOTS: Readonly<Record<string, JsonSchema>> = {
  trigger: described('The event that started the run'),
  variables: VARIABLES,
  vars: VARIABLES,
  var: VARIABLES,
  artifacts: described('Artifacts of earlier actions: artifacts.<id of the step>.<name>.<field>'),
  repeat: closed('Inside a repeat: the current iteration', {
    index: number('Number of the iteration, from 0'),
    first: truth('Whether it is the first iteration'),
    last: described('Whether it is the last iteration; unknown in a while or until'),
    item: described('The item of for_each'),
  }),
  wait: closed('How the last wait ended', {
    completed: truth('Whether what was awaited happened; false = it timed out'),
    remainingSeconds: described('Seconds that were left until the timeout'),
    trigger: described('The event that ended the wait'),
    changed: described('The entity whose change ended the wait'),
  }),
  resume: described('payload: the payload of the event that ended the last wait'),
  state: described('Live state of entities: state.<kind>["<id>"].<field>'),
  health: closed('Health of the system of this run, or of any system', {
    system: described('Health of the system that this run is about'),
    systems: described('Health of systems by id: health.systems["<id>"]'),
  }),
  alerts: closed('Alerts of the system of this run', {
    firing: closed('Alerts that fire now', {
      count: number('Number of firing alerts'),
      items: described('The firing alerts, at most 100'),
    }),
  }),
  now: text('The instant of this evaluation, ISO 8601'),
  run: closed('This run', {
    id: text('Id of the run'),
    startedAt: described('When it began, ISO 8601'),
    error: closed('Why the run failed; only in on_failure', {
      code: described('Code of the error, e.g. http_status'),
      message: described('Message of the error'),
      path: described('Path of the step that failed'),
      actionId: described('Id of the step that failed'),
      status: described('HTTP status that the server answered with'),
    }),
  }),
  automation: closed('This automation', {
    id: described('Id of the automation'),
    name: described('Name of the automation'),
    group: described('Group of the automation'),
  }),
};
