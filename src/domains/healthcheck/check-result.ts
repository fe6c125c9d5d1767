import { z } from 'zod';
import { Instant } from '../../domain/instant';
import { HealthStatus } from './health-status';

const Id = z.string().min(1).max(200);
/**
 * Maximum latency in milliseconds, about thirty years. Without a limit, a single absurd value would distort every
 * average of the system.
 */
const MAX_LATENCY_MS = 1e12;

/** The result of a check, as senders post it. */
export const CheckResult = z.strictObject({
  systemId: Id,
  configurationId: Id,
  status: HealthStatus,
  latencyMs: z.number().nonnegative().max(MAX_LATENCY_MS).optional(),
  collectors: z.record(z.string(), z.unknown()).optional(),
  message: z.string().max(10_000).optional(),
  /** Time of the check. Default: the time at which the result was received. */
  timestamp: Instant.optional(),
});
export type CheckResult = z.infer<typeof CheckResult>;

/** A result with its time and the id of its `check_completed` change row. */
export interface DatedResult extends CheckResult {
  at: Date;
  changeId: string;
}
