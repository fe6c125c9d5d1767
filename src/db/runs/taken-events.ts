import { sql } from 'drizzle-orm';
import type { Executor } from '../executor';
import { notInSiblings } from './other-branches';

/**
 * Maximum number of already taken events that are stored with a wait. If there are more, the wait ignores all events
 * before the oldest stored event.
 */
const MAX_TAKEN = 500;

/** The log position after which events count for a wait, and the later events that ended earlier waits. */
export interface EligibleEvents {
  afterSeq: number;
  /** Ids of changes. */
  taken: string[];
}

/**
 * Returns which events can still end a wait of the run. Each event ends only one of several consecutive waits, even if
 * all of them count events from the start of the same request: a loop that waits for three answers needs three events.
 * The comparison uses events rather than positions, because the answers to two waits may arrive in either order.
 * Steps in siblings of `branches`, the branches around the wait, are excluded, because the same event may end a wait in
 * each branch.
 */
export async function withoutTakenEvents(
  tx: Executor,
  { runId, events, afterSeq }: { runId: string; events: readonly string[]; afterSeq: number },
  branches: readonly string[],
): Promise<EligibleEvents> {
  const found = await tx.execute<{ id: string; seq: string }>(sql`
    select c.change_id as id, c.seq
    from run_steps s join changes c on c.change_id = (s.result -> 'trigger' ->> 'changeId')::uuid
    where s.run_id = ${runId} and s.kind = 'wait_for_trigger' and s.status = 'success'
      and s.result -> 'trigger' ->> 'event' = any(array(select jsonb_array_elements_text(${JSON.stringify(events)}::jsonb)))
      and c.seq > ${afterSeq} ${notInSiblings(branches)}
    order by c.seq desc limit ${MAX_TAKEN}`);
  const oldest = found.rows.length === MAX_TAKEN ? Number(found.rows.at(-1)?.seq) : afterSeq;
  return { afterSeq: Math.max(afterSeq, oldest), taken: found.rows.map(({ id }) => id) };
}
