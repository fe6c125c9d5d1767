import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';
import { unsilenceAlerts } from '../alert-operations';
import { alertOfRun } from './alert-of-run';

const Config = z
  .strictObject({ silenceId: z.guid().optional(), fingerprint: z.string().min(1).max(512).optional() })
  .refine(({ silenceId, fingerprint }) => silenceId === undefined || fingerprint === undefined, {
    message: 'give either a silenceId or a fingerprint',
  });

/** Ends a silence, or those of one alert. */
export const unsilenceAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'unsilence',
  displayName: 'End silences',
  description: 'Ends the silence named, or those of the alert of this run or of the one named. None is no error.',
  configSchema: Config,
  execution: 'transaction',
  async execute(context) {
    const { tx, run, config } = context;
    const { silenceId } = config;
    const which =
      silenceId === undefined ? { fingerprint: await alertOfRun(tx, run.id, config.fingerprint) } : { silenceId };
    const gone = await unsilenceAlerts(context, which);
    return { output: { ended: gone.map(({ id }) => id) } };
  },
};
