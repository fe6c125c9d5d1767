import type { Executor } from '../../db/executor';
import { runsAt, stepsAt, type RunRow, type RunStepRow } from '../../db/run-queries';
import { entityChangesAt, type StreamPlace } from '../../db/stream-queries';
import { toRun, toStep, type WebUi } from '../routes/run-schema';

/** What a stream tells: the state of a row at its place in the one order of everything. */
export interface StreamEvent {
  seq: number;
  name: StreamPlace['name'];
  /** The run that a `run` or `step` event is about. */
  runId?: string;
  data: unknown;
}

export function runEvent(row: RunRow, webUi: WebUi): StreamEvent {
  return { seq: row.seq, name: 'run', runId: row.id, data: toRun(row, webUi) };
}

export function stepEvent(row: RunStepRow): StreamEvent {
  return { seq: row.seq, name: 'step', runId: row.runId, data: { runId: row.runId, ...toStep(row) } };
}

/** Reads what stands at places. A row that has moved on since is told at its new place. */
export async function eventsAt(db: Executor, places: readonly StreamPlace[], webUi: WebUi): Promise<StreamEvent[]> {
  const seqs = (name: StreamPlace['name']) => places.filter((place) => place.name === name).map(({ seq }) => seq);
  const [runs, steps, changes] = await Promise.all([
    runsAt(db, seqs('run')),
    stepsAt(db, seqs('step')),
    entityChangesAt(db, seqs('entity')),
  ]);
  return [
    ...runs.map((row) => runEvent(row, webUi)),
    ...steps.map(stepEvent),
    ...changes.map(({ seq, ...data }) => ({ seq, name: 'entity' as const, data })),
  ].sort((a, b) => a.seq - b.seq);
}
