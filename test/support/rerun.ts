import { type Engine, type RunRow } from './engine';
import { until } from './until';

/**
 * Manually starts each automation again with the payload of its first run. The receiver refuses the calls of the new
 * runs, or the runs are cancelled during a call. Returns the rows of the new runs.
 */
export async function rerun(
  engine: Engine,
  api: { url: string },
  runs: readonly RunRow[],
  end: 'refused' | 'cancelled',
): Promise<RunRow[]> {
  const held: (() => void)[] = [];
  engine.receiver.answerWith((_received, response) => {
    const answer = () => void response.writeHead(end === 'refused' ? 400 : 200).end();
    if (end === 'refused') answer();
    else held.push(answer);
  });
  const first = new Map(runs.toReversed().map((run) => [String(run['automation_id']), run]));
  const made: string[] = [];
  const rowOf = async (id: string) => (await engine.runs()).find((run) => run.id === id);
  const isOpen = (run: RunRow | undefined) => ['pending', 'running', 'waiting'].includes(run?.status ?? '');
  for (const [automationId, { trigger_id: triggerId, trigger_scope: scope, context_key: contextKey }] of first) {
    const { payload } = scope as { payload: unknown };
    // An earlier manual run may have no trigger.
    const cause = triggerId === null ? {} : { triggerId, payload };
    const key = contextKey === null ? {} : { contextKey };
    const answer = await engine.post(api, `/automations/${automationId}/runs`, { ...cause, ...key });
    expect(answer.status).toBe(201);
    const { runId } = (await answer.json()) as { runId: string };
    made.push(runId);
    if (end === 'cancelled') {
      await until(
        'the run calls the receiver or has ended',
        async () => held.length > 0 || !isOpen(await rowOf(runId)),
      );
      await engine.post(api, `/runs/${runId}/cancel`, {});
      for (const answerNow of held.splice(0)) answerNow();
    }
    await until('the run has ended', async () => !isOpen(await rowOf(runId)), 30_000);
  }
  const rows = (await engine.runs()).filter(({ id }) => made.includes(id));
  const statuses = rows.map(({ status }) => status);
  expect(statuses).toContain(end === 'refused' ? 'failed' : 'cancelled');
  return rows;
}
