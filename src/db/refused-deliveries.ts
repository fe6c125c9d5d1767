import { and, desc, eq, lt, sql, type InferSelectModel } from 'drizzle-orm';
import type { Executor } from './executor';
import { refusedDeliveries } from './tables/alerts';

/** A refused message, or a refused element of a message. */
export type RefusedDelivery = InferSelectModel<typeof refusedDeliveries>;

/** Number of refusals that are kept per sender of a route. */
const KEPT = 200;
/** Maximum number of refusals of one request that are stored; the metric counts all. */
const KEPT_PER_REQUEST = 20;

/** Stores the first 20 refusals of one request, and removes all but the newest 200 of the sender. */
export async function keepRefusals(db: Executor, refusals: readonly RefusedDelivery[]): Promise<void> {
  const [first] = refusals;
  if (first === undefined) return;
  await db.insert(refusedDeliveries).values(refusals.slice(0, KEPT_PER_REQUEST));
  const { route, sender } = first;
  await db.execute(sql`
    delete from refused_deliveries where route = ${route} and sender = ${sender} and id <= (
      select id from refused_deliveries where route = ${route} and sender = ${sender}
      order by id desc offset ${KEPT} limit 1)`);
}

/** Returns refusals with ids below `before`, from newest to oldest. */
export async function listRefusals(
  db: Executor,
  page: { limit: number; before: string | undefined; route: string | undefined; sender: string | undefined },
): Promise<RefusedDelivery[]> {
  const r = refusedDeliveries;
  return db
    .select()
    .from(r)
    .where(
      and(
        page.before === undefined ? undefined : lt(r.id, page.before),
        page.route === undefined ? undefined : eq(r.route, page.route),
        page.sender === undefined ? undefined : eq(r.sender, page.sender),
      ),
    )
    .orderBy(desc(r.id))
    .limit(page.limit);
}
