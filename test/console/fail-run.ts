import type { ApiHarness } from '../integration/api-harness';

/** Makes a run fail in its first step after three attempts, without a worker. */
export async function failRun(
  api: ApiHarness,
  runId: string,
  { actionId, ...error }: { actionId: string; code: string; message: string },
): Promise<void> {
  const stored = JSON.stringify(error);
  await api.rows(
    "update runs set status = 'failed', started_at = now(), finished_at = now(), error = $2 where id = $1",
    [runId, stored],
  );
  await api.rows(
    `insert into run_steps (run_id, path, action_id, kind, status, attempts, began_seq, started_at, finished_at, error)
     values ($1, 'actions[0]', $3, 'action', 'failed', 3, 1000, now(), now(), $2)`,
    [runId, stored, actionId],
  );
}
