import { z } from 'zod';
import type { RunFilter } from '../../db/run-filter';
import { InstantQuery } from '../http/values';
import { RUN_STATUSES, type RunStatus } from '../../db/tables/runs';

const STATUS = z.enum(RUN_STATUSES);

/** Selects the runs of a bulk call. */
export const BulkBody = z
  .strictObject({
    automationId: z.uuid().optional(),
    status: STATUS.or(z.array(STATUS).min(1)).optional(),
    contextKey: z.string().optional(),
    from: InstantQuery.optional().describe('Created at or after'),
    to: InstantQuery.optional().describe('Created at or before'),
    errorCode: z.string().min(1).max(100).optional().describe('Code of the run error, e.g. `execution_lost`'),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), 'Name at least one filter');

/** The response to a bulk call. */
export const BulkAnswer = z.object({ matched: z.int(), done: z.int() });

/**
 * Returns the filter for a bulk call. Without a status, the filter uses `otherwise`, the statuses to which the call
 * applies.
 */
export function bulkFilter(body: z.infer<typeof BulkBody>, otherwise: readonly RunStatus[]): RunFilter {
  const { status, ...rest } = body;
  return { ...rest, status: status === undefined ? otherwise : [status].flat() };
}
