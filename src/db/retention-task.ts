import type { Executor } from './executor';

/** Retention periods, in milliseconds. */
export interface Retention {
  runsMs: number;
  runsMinPerAutomation: number;
  transitionsMs: number;
  changesMs: number;
  /** Of the outcomes of changes for each candidate; in whole days. */
  routingsMs: number;
  /** Of resolved alerts with their episodes, and of ended silences. */
  alertsMs: number;
  /** Of the records of delivered notifications. */
  notificationsMs: number;
  /** Of resolved incidents, and of completed and cancelled maintenances. */
  incidentsMs: number;
  /** Number of the newest versions of an automation that are kept regardless of their age. */
  versionsMinPerAutomation: number;
}

/** Result of one batch; `more` is true when further rows may be left. */
export interface BatchResult {
  removed: number;
  more: boolean;
}

/** Removes at most `limit` rows of one table, and locks only those rows. */
export type RetentionTask = (db: Executor, limit: number) => Promise<BatchResult>;
