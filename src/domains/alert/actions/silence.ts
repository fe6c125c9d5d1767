import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';
import { silenceAlerts } from '../alert-operations';
import { Matchers } from '../triggers';
import { alertOfRun, automationOf } from './alert-of-run';

const Config = z
  .strictObject({
    fingerprint: z.string().min(1).max(512).optional(),
    matchers: Matchers.min(1).optional(),
    durationMinutes: z.number().positive().max(525_600),
    comment: z.string().max(2_000).default(''),
  })
  .refine(({ fingerprint, matchers }) => fingerprint === undefined || matchers === undefined, {
    message: 'give either a fingerprint or matchers',
  });

/** Silences the alert of the run, the one named, or all that matchers match. */
export const silenceAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'silence',
  displayName: 'Silence alerts',
  description: 'Silences the alert of this run, the one named, or all that matchers match, also those that come later.',
  configSchema: Config,
  execution: 'transaction',
  async execute(context) {
    const { tx, run, config, cause } = context;
    const { matchers, durationMinutes, comment } = config;
    const about =
      matchers === undefined ? { fingerprint: await alertOfRun(tx, run.id, config.fingerprint) } : { matchers };
    const silence = await silenceAlerts(context, {
      ...about,
      ...{ durationMinutes, comment, createdBy: automationOf(cause) },
    });
    return { output: { silenceId: silence.id, ...about, endsAt: silence.endsAt.toISOString() } };
  },
};
