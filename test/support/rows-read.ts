import { drizzle } from 'drizzle-orm/node-postgres';
import { z } from 'zod';
import type { Database } from '../../src/db/client';
import type { Executor } from '../../src/db/executor';

const Node = z.looseObject({
  'Node Type': z.string(),
  'Actual Rows': z.number(),
  'Actual Loops': z.number(),
  'Rows Removed by Filter': z.number().optional(),
  get Plans() {
    return z.array(Node).optional();
  },
});

/** Returns how many rows the scans of a plan and its subplans read. */
function rowsRead(node: z.infer<typeof Node>): number {
  const own = node['Node Type'].includes('Scan')
    ? (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
    : 0;
  return (node.Plans ?? []).reduce((sum, child) => sum + rowsRead(child), own);
}

/**
 * Returns the result of `work`, and the number of rows that its statements read. `explain analyze` executes each
 * statement a second time, so `work` must only read.
 */
export async function rowsReadBy<T>(
  database: Database,
  work: (db: Executor) => Promise<T>,
): Promise<{ result: T; read: number }> {
  const statements: { text: string; values: unknown[] }[] = [];
  const db = drizzle(database.pool, { logger: { logQuery: (text, values) => statements.push({ text, values }) } });
  const result = await work(db);
  let read = 0;
  for (const { text, values } of statements) {
    const { rows } = await database.pool.query(`explain (analyze, format json) ${text}`, values);
    const [{ Plan }] = z.tuple([z.object({ Plan: Node })]).parse((rows[0] as { 'QUERY PLAN': unknown })['QUERY PLAN']);
    read += rowsRead(Plan);
  }
  return { result, read };
}
