import { sql } from 'drizzle-orm';
import type { Executor } from '../executor';

/** The run has nothing to do until something comes: a timer, an event. The next step that begins sets it back. */
export async function setWaiting(tx: Executor, runId: string): Promise<void> {
  await tx.execute(
    sql`update runs set status = 'waiting', seq = nextval('change_seq') where id = ${runId} and status = 'running'`,
  );
}
