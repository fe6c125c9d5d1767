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
  /** `data` as JSON; set by the first connection that sends the event, for the others. */
  text?: string;
}

/**
 * Returns the position from which a reader that received this event resumes. Of two events at one position the first
 * names the position before, so that the second is not lost.
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

/** Reads the rows at positions of the log. A row that changed since is reported at its new position. */
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
