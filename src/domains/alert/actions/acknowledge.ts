import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';
import { acknowledgeAlert } from '../alert-operations';
import { alertOfRun, automationOf } from './alert-of-run';

const Config = z.strictObject({
  fingerprint: z.string().min(1).max(512).optional(),
  by: z.string().min(1).max(200).optional(),
});

/** Acknowledges the alert of the run, or the one named. */
export const acknowledgeAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'acknowledge',
  displayName: 'Acknowledge alert',
  description: 'Acknowledges the alert of this run, or the one named; one that is acknowledged already stays as it is.',
  configSchema: Config,
  execution: 'transaction',
  async execute(context) {
    const { tx, run, config, cause } = context;
    const fingerprint = await alertOfRun(tx, run.id, config.fingerprint);
    const state = await acknowledgeAlert(context, fingerprint, config.by ?? automationOf(cause));
    const { acknowledgedBy, acknowledgedAt } = state;
    return { output: { fingerprint, acknowledgedBy, acknowledgedAt } };
  },
};
