import { z } from 'zod';

/*
 * The schemas in this file describe only the response fields that the command line reads. All other fields are ignored,
 * so the command line works with newer servers.
 */
const Json = z.record(z.string(), z.unknown());

export const Automation = z.looseObject({
  id: z.string(),
  name: z.string(),
  description: z.string().nullish(),
  group: z.string().nullish(),
  status: z.string(),
  managedBy: z.string(),
  version: z.number(),
  definition: Json,
  warnings: z.array(z.object({ path: z.string(), message: z.string(), code: z.string() })).default([]),
  updatedAt: z.string(),
  lastTriggeredAt: z.string().nullish(),
});
export type Automation = z.infer<typeof Automation>;

export const EvaluationRow = z.looseObject({
  /** Only present in lists that cover all automations. */
  automationName: z.string().optional(),
  automationDeletedAt: z.string().nullish(),
  contextKey: z.string().nullish(),
  triggerId: z.string().nullish(),
  outcome: z.string(),
  detail: z.unknown(),
  count: z.number(),
  firstAt: z.string(),
  lastAt: z.string(),
});
export type EvaluationRow = z.infer<typeof EvaluationRow>;

export const Run = z.looseObject({
  id: z.string(),
  automationId: z.string(),
  automationName: z.string(),
  version: z.number(),
  status: z.string(),
  endedBy: Json.nullish(),
  error: Json.nullish(),
  triggerId: z.string().nullish(),
  triggerEvent: z.string().nullish(),
  customType: z.string().nullish(),
  contextKey: z.string().nullish(),
  /** Missing in responses of older releases, and in events of the stream. */
  contextName: z.string().nullish(),
  parentRunId: z.string().nullish(),
  retriedBy: z.array(z.looseObject({ id: z.string(), status: z.string() })).default([]),
  causedBy: z.string().nullish(),
  startedAt: z.string().nullish(),
  finishedAt: z.string().nullish(),
  webUiUrl: z.string().nullish(),
});
export type Run = z.infer<typeof Run>;

export const Step = z.looseObject({
  path: z.string(),
  actionId: z.string().nullish(),
  kind: z.string(),
  action: z.string().nullish(),
  status: z.string(),
  attempts: z.number(),
  startedAt: z.string().nullish(),
  finishedAt: z.string().nullish(),
  result: z.unknown(),
  error: Json.nullish(),
  trace: z.unknown().optional(),
  /** Missing in responses of older releases. */
  config: Json.nullish(),
  failedAttempts: z
    .array(z.looseObject({ no: z.number(), tookMs: z.number().nullish(), code: z.string(), message: z.string() }))
    .optional(),
});
export type Step = z.infer<typeof Step>;

export const Artifact = z.looseObject({ actionId: z.string().nullish(), name: z.string(), data: Json });
export type Artifact = z.infer<typeof Artifact>;

export const RunDetail = z.looseObject({ run: Run, steps: z.array(Step), artifacts: z.array(Artifact) });
export type RunDetail = z.infer<typeof RunDetail>;

export const Entity = z.looseObject({ kind: z.string(), id: z.string(), state: Json, updatedAt: z.string() });
export type Entity = z.infer<typeof Entity>;

export const Transition = z.looseObject({
  field: z.string(),
  from: z.unknown(),
  to: z.unknown(),
  at: z.string(),
  changeId: z.string().nullish(),
});
export type Transition = z.infer<typeof Transition>;

/** Returns whether a run with this status has ended. */
export function isOver(status: string): boolean {
  return status === 'success' || status === 'failed' || status === 'cancelled';
}

export const Alert = z.looseObject({
  fingerprint: z.string(),
  status: z.string(),
  name: z.string().nullish(),
  severity: z.string().nullish(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  startsAt: z.string(),
  endsAt: z.string().optional(),
  source: z.string(),
  systemId: z.string().optional(),
  runbookUrl: z.string().optional(),
  acknowledgedBy: z.string().optional(),
  silencedUntil: z.string().optional(),
  repeats: z.number(),
  lastReceivedAt: z.string(),
});
export type Alert = z.infer<typeof Alert>;

export const AlertDetail = Alert.extend({
  episodes: z.array(
    z.looseObject({ startsAt: z.string(), endsAt: z.string().nullable(), endedBy: z.string().nullable() }),
  ),
  runs: z.array(
    z.looseObject({
      id: z.string(),
      automationName: z.string(),
      status: z.string(),
      indirect: z.boolean().default(false),
    }),
  ),
});

/** A part of a config, filter or condition, with its actual value and its expected value. */
export const Part = z.object({ path: z.string(), expression: z.string(), found: z.unknown(), wanted: z.unknown() });
export type Part = z.infer<typeof Part>;

export const Candidate = z.looseObject({
  automationId: z.string(),
  automationName: z.string(),
  triggerId: z.string(),
  version: z.number(),
  outcome: z.string(),
  detail: z.string().nullish(),
  note: z.string().optional(),
  deciding: Part.optional(),
  held: z.array(Part).optional(),
  /** Missing in responses of older releases. */
  heldWhenArmed: z.array(Part).optional(),
  window: z.object({ count: z.number(), needed: z.number() }).optional(),
  runId: z.string().optional(),
});
export type Candidate = z.infer<typeof Candidate>;

const ChangeHead = z.looseObject({
  changeId: z.string(),
  kind: z.string(),
  id: z.string(),
  name: z.string().nullish(),
  event: z.string().nullable(),
  customType: z.string().nullish(),
  events: z.array(z.string()),
  occurredAt: z.string(),
  changedFields: z.array(z.string()),
  routedAt: z.string().nullable(),
  failedAt: z.string().nullable(),
  failure: z.string().nullable(),
});
export const ChangeSummary = ChangeHead;

const SourceRef = z.looseObject({
  changeId: z.string(),
  kind: z.string(),
  id: z.string(),
  name: z.string().nullish(),
  customType: z.string().nullish(),
  events: z.array(z.string()),
});
export type SourceRef = z.infer<typeof SourceRef>;
const ChangeRef = SourceRef.extend({
  /**
   * The changes from which this one was derived. Missing in responses of older releases, and in the entries of `to`.
   */
  from: z.array(SourceRef).optional(),
});
export type ChangeRef = z.infer<typeof ChangeRef>;

export const ChangeDetail = z.looseObject({
  change: ChangeHead,
  sender: z.object({ type: z.string(), name: z.string() }),
  candidates: z.array(Candidate).nullable(),
  runs: z.array(z.looseObject({ id: z.string(), automationName: z.string(), status: z.string() })),
  waits: z.array(z.object({ runId: z.string(), path: z.string(), woken: z.boolean() })),
  causes: z.object({
    /** This field and `to` are missing in responses of older releases. */
    from: z.array(ChangeRef).optional(),
    to: z
      .array(ChangeRef.extend({ runs: z.array(z.looseObject({ id: z.string(), automationName: z.string() })) }))
      .optional(),
    up: z.array(
      z.looseObject({
        runId: z.string(),
        automationName: z.string().nullable(),
        from: z.array(ChangeRef).optional(),
      }),
    ),
    down: z.array(z.looseObject({ runId: z.string(), changeId: z.string().nullable() })),
  }),
});
export type ChangeDetail = z.infer<typeof ChangeDetail>;
