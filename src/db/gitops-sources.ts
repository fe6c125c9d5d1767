import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/** Owner of a GitOps source. */
export interface SourceOwner {
  tokenId: string;
  tokenName: string;
}

/**
 * Returns the token that owns a source. `claimant` becomes the owner when the source has no owner, or when the token
 * that owned it was revoked or has expired. The row is locked until the transaction ends.
 */
export async function claimSource(
  tx: Executor,
  source: string,
  claimant: SourceOwner,
  now: Date,
): Promise<SourceOwner> {
  const at = now.toISOString();
  const { rows } = await tx.execute<{ token_id: string; token_name: string }>(sql`
    insert into gitops_sources as s (source, token_id, token_name, claimed_at)
    values (${source}, ${claimant.tokenId}, ${claimant.tokenName}, ${at})
    on conflict (source) do update set
      (token_id, token_name, claimed_at) = (
        select case when alive then s.token_id else excluded.token_id end,
               case when alive then s.token_name else excluded.token_name end,
               case when alive then s.claimed_at else excluded.claimed_at end
          from (select s.token_id = 'admin' or exists (
                  select 1 from api_tokens t where t.id::text = s.token_id and t.revoked_at is null
                     and (t.expires_at is null or t.expires_at > ${at})) as alive) owner)
    returning token_id, token_name`);
  const [row] = rows;
  return { tokenId: row?.token_id ?? claimant.tokenId, tokenName: row?.token_name ?? claimant.tokenName };
}

/** Removes the owner of a source that has no remaining automations. */
export async function releaseSource(tx: Executor, source: string): Promise<void> {
  await tx.execute(sql`
    delete from gitops_sources s where source = ${source}
       and not exists (select 1 from automations a where a.source = s.source and a.deleted_at is null)`);
}
