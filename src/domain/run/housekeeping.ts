/** Activities of the housekeeping schedule. */
export interface HousekeepingActivities {
  /**
   * Compares open rows with their executions and repairs rows whose execution is gone. `before` is the number of the round
   * before, as Temporal keeps it; a lower one in Postgres shows that Postgres was restored from a backup. Returns how many
   * rows it compared and repaired, and the number of this round.
   */
  reconcileRuns(input?: { before: number }): Promise<{ compared: number; repaired: number; round: number }>;
  /** Removes what is older than the retention settings say. */
  applyRetention(): Promise<Record<string, number>>;
  /** Makes the change log's partitions of the coming days. */
  preparePartitions(): Promise<void>;
}
