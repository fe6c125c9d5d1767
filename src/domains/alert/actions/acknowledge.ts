import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Executor } from '../../../db/executor';
import type { TransactionalAction } from '../../../integrations/contract';
import { acknowledgeAlert } from '../alert-operations';
import { alertOf, automationOf } from './alert-of-run';

const Config = z.strictObject({
  fingerprint: z.string().min(1).max(512).optional(),
  by: z.string().min(1).max(200).optional().describe('Default: automation:<name>'),
});

/** Acknowledges the alert that the config names. If the config names none, acknowledges the alert of the run. */
export const acknowledgeAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'acknowledge',
  displayName: 'Acknowledge alert',
  description:
    'Acknowledges the alert of this run, or the named one. Has no effect on an alert that is already acknowledged.',
  configSchema: Config,
  execution: 'transaction',
  async execute(context) {
    const { tx, run, config, cause } = context;
    const fingerprint = alertOf(await triggerOf(tx, run.id), config.fingerprint);
    const { state } = await acknowledgeAlert(context, fingerprint, config.by ?? automationOf(cause));
    const { acknowledgedBy, acknowledgedAt } = state;
    return { output: { fingerprint, acknowledgedBy, acknowledgedAt } };
  },
};

/** Returns the part of a run's trigger that identifies its alert. */
async function triggerOf(tx: Executor, runId: string): Promise<unknown> {
  const found = await tx.execute<{ trigger: unknown }>(sql`
    select jsonb_build_object('payload', jsonb_build_object('fingerprint', trigger_scope -> 'payload' -> 'fingerprint'))
      as trigger
    from runs where id = ${runId}::uuid`);
  return found.rows[0]?.trigger;
}
