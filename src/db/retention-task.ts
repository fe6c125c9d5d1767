import type { Executor } from './executor';

/** Retention periods, in milliseconds. */
export interface Retention {
  runsMs: number;
  runsMinPerAutomation: number;
  transitionsMs: number;
  changesMs: number;
  /** Outcomes of changes for each candidate; whole days. */
  routingsMs: number;
  /** Resolved alerts with their episodes, and ended silences. */
  alertsMs: number;
  /** Records of delivered notifications. */
  notificationsMs: number;
  /** Resolved incidents, completed and cancelled maintenances. */
  incidentsMs: number;
  /** The newest versions of an automation, whatever their age. */
  versionsMinPerAutomation: number;
}

/** Result of one batch; `more` = there may be further rows. */
export interface BatchResult {
  removed: number;
  more: boolean;
}

/** Removes at most `limit` rows of one table; holds row locks of those rows alone. */
export type RetentionTask = (db: Executor, limit: number) => Promise<BatchResult>;
