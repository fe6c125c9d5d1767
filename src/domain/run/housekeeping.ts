/** Activities of the housekeeping schedule. */
export interface HousekeepingActivities {
  /**
   * Compares open rows with their executions and repairs rows whose execution no longer exists. `before` is the number
   * of the previous round, stored by Temporal; a lower one in Postgres shows that Postgres was restored from a backup.
   * Returns how many rows it compared and repaired, and the number of this round.
   */
  reconcileRuns(input?: { before: number }): Promise<{ compared: number; repaired: number; round: number }>;
  /** Removes rows older than the retention settings. */
  applyRetention(): Promise<Record<string, number>>;
  /** Creates the change log's partitions of the coming days. */
  preparePartitions(): Promise<void>;
}
