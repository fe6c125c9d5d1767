/** Activities of the housekeeping schedule. */
export interface HousekeepingActivities {
  /** Compares open rows with their executions and repairs rows whose execution is gone. Returns how many. */
  reconcileRuns(): Promise<{ looked: number; repaired: number }>;
  /** Removes what is older than the retention settings say. */
  applyRetention(): Promise<Record<string, number>>;
  /** Makes the change log's partitions of the coming days. */
  preparePartitions(): Promise<void>;
}
