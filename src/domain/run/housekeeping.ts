/** Activities of the housekeeping schedule. */
export interface HousekeepingActivities {
  /**
   * Compares open rows with their executions and repairs rows whose execution no longer exists. `before` is the number
   * of the previous round as stored by Temporal; a lower number in Postgres shows that Postgres was restored from a
   * backup. Returns how many rows were compared and repaired, and the number of this round.
   */
  reconcileRuns(input?: { before: number }): Promise<{ compared: number; repaired: number; round: number }>;
  /**
   * Removes rows that are older than the retention settings allow. Stops when none are left or when the time limit of
   * one call is reached. Returns the number of removed rows by table.
   */
  applyRetention(): Promise<Record<string, number>>;
  /** Creates the partitions of the change log for the coming days. */
  preparePartitions(): Promise<void>;
}
