import type { Executor } from './executor';

/** How long rows are kept, in milliseconds, and how many of them are kept regardless of age. */
export interface Retention {
  runsMs: number;
  runsMinPerAutomation: number;
  transitionsMs: number;
  changesMs: number;
  /** How long routing outcomes are kept after the end of the day (UTC) on which they were recorded. */
  routingsMs: number;
  /** How long ended silences, resolved alerts, and ended episodes of alerts are kept. */
  alertsMs: number;
  /** How long the records of delivered notifications are kept. */
  notificationsMs: number;
  /** How long resolved incidents, and completed and cancelled maintenances, are kept. */
  incidentsMs: number;
  /** Number of newest versions of each automation that are kept regardless of age. */
  versionsMinPerAutomation: number;
}

/** Result of one batch. `more` is true when there may be more rows to remove. */
export interface BatchResult {
  removed: number;
  more: boolean;
}

/**
 * Removes at most `limit` objects, such as runs or alerts, together with the rows that belong to them. Locks only the
 * rows that it removes.
 */
export type RetentionTask = (db: Executor, limit: number) => Promise<BatchResult>;
