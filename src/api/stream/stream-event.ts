import type { Executor } from '../../db/executor';
import { runsAt, stepsAt, type RunRow, type RunStepRow } from '../../db/run-queries';
import { automationEventsAt, entityChangesAt, type StreamPlace } from '../../db/stream-queries';
import { toRun, toStep, type WebUi } from '../routes/run-schema';

/** An event of a stream: the state of a row, at its position in the total order. */
export interface StreamEvent {
  seq: number;
  name: StreamPlace['name'] | 'alert';
  /** The run of a `run` or `step` event. */
  runId?: string;
  data: unknown;
  /** `data` as JSON. The first connection that sends the event sets it, for reuse by the others. */
  text?: string;
}

/**
 * Returns the position from which a reader that received this event resumes. If the next event has the same position,
 * returns the position before it, so that the next event is not lost.
 */
export function resumeId({ seq }: StreamEvent, next: StreamEvent | undefined): number {
  return next?.seq === seq ? seq - 1 : seq;
}

export function runEvent(row: RunRow, webUi: WebUi): StreamEvent {
  return { seq: row.seq, name: 'run', runId: row.id, data: toRun(row, webUi) };
}

export function stepEvent(row: RunStepRow): StreamEvent {
  return { seq: row.seq, name: 'step', runId: row.runId, data: { runId: row.runId, ...toStep(row) } };
}

/**
 * Reads the rows at the given positions of the log. A row that has changed since then is reported at its new position
 * instead.
 */
export async function eventsAt(db: Executor, places: readonly StreamPlace[], webUi: WebUi): Promise<StreamEvent[]> {
  const seqs = (name: StreamPlace['name']) => places.filter((place) => place.name === name).map(({ seq }) => seq);
  const [runs, steps, changes, automations] = await Promise.all([
    runsAt(db, seqs('run')),
    stepsAt(db, seqs('step')),
    entityChangesAt(db, seqs('entity')),
    automationEventsAt(db, seqs('automation')),
  ]);
  return [
    ...runs.map((row) => runEvent(row, webUi)),
    ...steps.map(stepEvent),
    ...changes.map(({ seq, ...data }) => ({ seq, name: 'entity' as const, data })),
    ...changes.flatMap(({ seq, kind, id, next }) =>
      kind === 'alert' && next !== null ? [{ seq, name: 'alert' as const, data: { fingerprint: id, ...next } }] : [],
    ),
    ...automations.map(({ seq, ...data }) => ({ seq, name: 'automation' as const, data })),
  ].sort((a, b) => a.seq - b.seq);
}
