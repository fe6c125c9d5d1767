import { z } from 'zod';
import type { LoggedChange } from '../../db/change-queries';
import type { CandidateRow } from '../../db/routing-queries';
import type { RunOfChange } from '../../db/runs/runs-of-change';
import { occurrencesOf } from '../../domain/entities/occurrences';
import type { Change } from '../../domain/entities/change';
import type { Registry } from '../../domain/registry/registry';
import { isoOrNull, Timestamp } from '../http/values';
import { ContextName, type NameOfKey } from './context-name';
import { nameOfChange } from './entity-name';

const Document = z.record(z.string(), z.unknown());

const Sender = z
  .object({
    type: z.enum(['token', 'hook', 'run', 'clock']),
    name: z.string().describe('Name of the token or hook, or of the automation whose run wrote the change'),
  })
  .meta({ id: 'ChangeSender' });

export const CustomType = z
  .string()
  .nullable()
  .describe('The type of a custom event, e.g. `deploy.finished`, whose `event` is `automation.event`; else null');

/** Response schema for the name of an entity. */
export const EntityName = z
  .string()
  .nullable()
  .describe(
    'Name of the entity: name and main labels of an alert, title of an incident, name of a system…; null if it has none',
  );

/** Fields that all responses about a change have: its id, its entity and its event. */
export const changeFields = {
  changeId: z.uuid(),
  kind: z.string(),
  id: z.string(),
  name: EntityName,
  event: z.string().nullable().describe('null for a change of state'),
  customType: CustomType,
};

const head = {
  ...changeFields,
  events: z.array(z.string()).describe('Events that triggers listen to; `automation.entity_changed` is left out'),
  contextKey: z.string().nullable(),
  occurredAt: Timestamp,
  changedFields: z.array(z.string()),
  routedAt: Timestamp.nullable().describe('null while it waits to be routed'),
  failedAt: Timestamp.nullable().describe(
    'When it was set aside because it could not be routed; `/changes/failed` lists these',
  ),
  failure: z.string().nullable().describe('Error of the last failed attempt to route it'),
};

/** Response schema for a change in a list, without states and payload. */
export const ChangeSummary = z
  .object({ ...head, contextName: ContextName, sender: Sender })
  .meta({ id: 'ChangeSummary' });

/** Response schema for a change with all its fields. */
const ChangeAnswer = z
  .object({
    ...head,
    contextName: ContextName,
    prev: Document.nullable(),
    next: Document.nullable(),
    payload: Document.nullable(),
  })
  .meta({ id: 'Change' });

/** A part of a config, filter or condition, with its actual value and its expected value. */
export const PartAnswer = z
  .object({ path: z.string(), expression: z.string(), found: z.unknown(), wanted: z.unknown() })
  .meta({ id: 'Part' });

export const CandidateAnswer = z
  .object({
    automationId: z.uuid(),
    automationName: z.string(),
    triggerId: z.string(),
    version: z.int(),
    outcome: z.string().describe('started, silenced, trigger_disabled, or an outcome of evaluations'),
    detail: z.string().nullable(),
    deciding: PartAnswer.optional().describe('The smallest part of a config, filter or condition that was false'),
    held: z
      .array(PartAnswer)
      .optional()
      .describe(
        'For a started run: the parts of config, filter and conditions that were true, with the values at that time. If a `for` started the run: only those of the conditions, which are evaluated at the deadline. Missing in records of older releases',
      ),
    heldWhenArmed: z
      .array(PartAnswer)
      .optional()
      .describe(
        'For a `for`: the parts of config and filter that were true when the dwell was armed, with the values at that time. Missing in records of older releases',
      ),
    note: z.string().optional().describe('Where the deciding value comes from, e.g. a maintenance'),
    runId: z.uuid().optional(),
    dwell: z.object({ armedAt: Timestamp, firesAt: Timestamp }).optional(),
    window: z
      .object({ count: z.int(), needed: z.int() })
      .optional()
      .describe('For a `window`: how many events it had counted, and how many it needs'),
  })
  .meta({ id: 'Candidate' });

export const RunOfChangeAnswer = z
  .object({
    id: z.uuid(),
    automationId: z.uuid(),
    automationName: z.string(),
    version: z.int(),
    triggerId: z.string().nullable(),
    status: z.string(),
    endedBy: Document.nullable(),
    error: Document.nullable(),
    startedAt: Timestamp.nullable(),
    finishedAt: Timestamp.nullable(),
  })
  .meta({ id: 'RunOfChange' });

/** Response schema for a reference to a change, used in other resources' responses. */
const ChangeRef = z
  .object({
    ...changeFields,
    events: z.array(z.string()).describe('Events of the change that triggers listen to'),
  })
  .meta({ id: 'ChangeRef' });

/** Response schema for a change from which another change was derived. */
const SourceRef = ChangeRef.extend({
  from: z.array(ChangeRef).describe('The changes from which this change was derived in turn; at most 20'),
}).meta({ id: 'SourceRef' });

const From = z
  .array(SourceRef)
  .describe(
    'The changes from which the change was derived without a run: for a change of health, those of alerts or results of checks; for `dependency.impact_propagated`, the change of health; at most 20',
  );

export const CauseAnswer = z
  .object({
    runId: z.uuid().describe('The run that wrote the next change of the chain'),
    automationId: z.uuid().nullable(),
    automationName: z.string().nullable(),
    changeId: z.uuid().nullable(),
    kind: z.string().nullable(),
    id: z.string().nullable(),
    name: EntityName,
    event: z.string().nullable(),
    customType: CustomType,
    events: z.array(z.string()).describe('Events of the change that triggers listen to'),
    from: From,
  })
  .meta({ id: 'Cause' });

/** Response schema for a change with its recorded outcomes: candidates, waits and causes. */
export const ChangeDetail = z
  .object({
    change: ChangeAnswer,
    sender: Sender,
    candidates: z.array(CandidateAnswer).nullable().describe('null when retention has removed them'),
    runs: z.array(RunOfChangeAnswer),
    waits: z.array(z.object({ runId: z.uuid(), path: z.string(), woken: z.boolean() })),
    causes: z.object({
      from: From,
      to: z
        .array(ChangeRef.extend({ runs: z.array(RunOfChangeAnswer).describe('Runs that the change started') }))
        .describe(
          'Changes of health, and their impact on other systems, that were derived from the change without a run, in the order of the log',
        ),
      up: z
        .array(CauseAnswer)
        .describe('Runs that led to the change, nearest first, each with the change that started it'),
      down: z
        .array(CauseAnswer)
        .describe(
          'Changes that were written by runs of this change and of `to`, by runs of those changes, and so on; at most 100',
        ),
    }),
  })
  .meta({ id: 'ChangeDetail' });

/** Event name that all custom events share. */
export const CUSTOM_EVENT = 'automation.event';

/** Returns the `type` from the payload of a custom event, or null for other events. */
export function typeOf(event: string | null, type: unknown): string | null {
  return event === CUSTOM_EVENT && typeof type === 'string' ? type : null;
}

/** Returns the type of a change that is a custom event, or null for other changes. */
export function customTypeOf(change: Change): string | null {
  return change.shape === 'event' ? typeOf(change.event, change.payload['type']) : null;
}

/** Returns the events that triggers can receive from a change, except `automation.entity_changed`. */
export function eventsOf(change: Change, registry: Registry): string[] {
  if (change.shape === 'event') return [change.event];
  const [, ...derived] = occurrencesOf(change, registry, () => undefined);
  return [...new Set(derived.map(({ event }) => event))];
}

/** Returns the context key of a change. For a state change, this is the entity id. For an event, it may be null. */
export const contextKeyOf = ({ change, contextKey }: LoggedChange): string | null =>
  change.shape === 'event' ? contextKey : change.id;

function headOf(logged: LoggedChange, registry: Registry) {
  const { change, routedAt, failedAt, failure } = logged;
  const isEvent = change.shape === 'event';
  return {
    changeId: change.changeId,
    kind: change.kind,
    id: change.id,
    name: nameOfChange(change),
    event: isEvent ? change.event : null,
    customType: customTypeOf(change),
    events: eventsOf(change, registry),
    contextKey: contextKeyOf(logged),
    occurredAt: change.occurredAt.toISOString(),
    changedFields: isEvent ? [] : change.changedFields,
    routedAt: isoOrNull(routedAt),
    failedAt: isoOrNull(failedAt),
    failure,
  };
}

/** Returns a reference to a change, for use in other responses. */
export function toRef(change: Change, registry: Registry): z.input<typeof ChangeRef> {
  return {
    ...{ changeId: change.changeId, kind: change.kind, id: change.id, name: nameOfChange(change) },
    event: change.shape === 'event' ? change.event : null,
    customType: customTypeOf(change),
    events: eventsOf(change, registry),
  };
}

export function toSummary(logged: LoggedChange, registry: Registry, nameOf: NameOfKey): z.input<typeof ChangeSummary> {
  const own = headOf(logged, registry);
  return { ...own, contextName: nameOf(own.contextKey), sender: senderOf(logged.change) };
}

export function toChange(logged: LoggedChange, registry: Registry, nameOf: NameOfKey): z.input<typeof ChangeAnswer> {
  const { change } = logged;
  const states =
    change.shape === 'event'
      ? { prev: null, next: null, payload: change.payload }
      : { prev: change.prev, next: change.next, payload: null };
  const own = headOf(logged, registry);
  return { ...own, contextName: nameOf(own.contextKey), ...states };
}

/** Returns the sender of a change: a run, a hook, a timer (for schedules), or the holder of a token. */
export function senderOf({ actor, causedBy }: Change): z.input<typeof Sender> {
  const name = actor.name ?? actor.id;
  if (causedBy !== null || actor.type === 'automation') return { type: 'run', name };
  if (actor.id.startsWith('hook:')) return { type: 'hook', name: actor.id.slice('hook:'.length) };
  return { type: actor.type === 'system' ? 'clock' : 'token', name };
}

export function toCandidate(row: CandidateRow): z.input<typeof CandidateAnswer> {
  const { deciding, held, heldWhenArmed, runId, dwell, counted, ...rest } = row;
  return {
    ...rest,
    ...(deciding !== null && { deciding }),
    ...(held !== null && { held }),
    ...(heldWhenArmed !== null && { heldWhenArmed }),
    ...(runId !== null && { runId }),
    ...(dwell !== null && { dwell }),
    ...(counted !== null && { window: counted }),
  };
}

export function toRunOfChange(run: RunOfChange): z.input<typeof RunOfChangeAnswer> {
  const { changeId: _changeId, causedBy: _causedBy, startedAt, finishedAt, ...rest } = run;
  return { ...rest, startedAt: isoOrNull(startedAt), finishedAt: isoOrNull(finishedAt) };
}
