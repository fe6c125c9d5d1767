import { sql } from 'drizzle-orm';
import { saveAutomation, sendingAutomation } from './automations';
import type { Engine } from './engine';
import { postEvents } from './events';
import type { Platform } from './platform';
import { openExecutions } from './raw-engine/raw-engine';
import type { Stack } from './stack';

/** Creates the engine that uses Fermata as its users do: a CloudEvent starts an automation that sends webhooks. */
export async function createFermataEngine(
  { client, effects }: Platform,
  stack: Stack,
  shapes: readonly number[],
): Promise<Engine> {
  const automations = new Map<number, string>();
  for (const requests of shapes) {
    automations.set(requests, await saveAutomation(stack, sendingAutomation(effects.url, requests)));
  }
  return {
    start: (run, requests) => postEvents(stack, [{ type: `bench.send.${requests}`, subject: run, data: { run } }]),
    open: () => openExecutions(client, stack.taskQueue),
    async lastWorkflows(requests, limit) {
      const found = await stack.database.db.execute<{ workflow_id: string }>(sql`
        select workflow_id from runs where automation_id = ${automations.get(requests) ?? null} and status = 'success'
        order by created_at desc, id desc limit ${limit}`);
      return found.rows.map((row) => row.workflow_id);
    },
  };
}
