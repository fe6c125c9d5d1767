import { sql } from 'drizzle-orm';
import { freeSlug, slugOf } from '../domain/definition/slug';
import type { Executor } from './executor';

/**
 * Returns the slug of a new automation. It is derived from the name, with a suffix when another automation already has
 * the same slug. This includes deleted automations whose runs are still stored. The caller has taken a revision, whose
 * lock prevents two automations from taking the same slug.
 */
export async function takeSlug(tx: Executor, name: string, id: string): Promise<string> {
  const slug = slugOf(name, id);
  const taken = await tx.execute<{ slug: string }>(
    sql`select slug from automations where slug = ${slug} or slug ~ ${`^${slug}-[0-9]+$`}`,
  );
  return freeSlug(slug, new Set(taken.rows.map((row) => row.slug)));
}
