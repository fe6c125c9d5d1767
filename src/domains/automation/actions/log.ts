import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';

const Config = z.strictObject({
  message: z.string().max(100_000),
  level: z.enum(['debug', 'info', 'warning', 'error']).default('info'),
  data: z.unknown().optional(),
});

/** Records a message in the output of the step. */
export const logAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'log',
  displayName: 'Log a message',
  description: 'Stores a message with its level and optional data as the output of the step.',
  configSchema: Config,
  execution: 'transaction',
  execute: ({ config }) => Promise.resolve({ output: config }),
};
