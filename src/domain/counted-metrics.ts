/** A metric that is recorded by the process that does the work. */
interface CountedMetric {
  type: 'counter' | 'histogram';
  help: string;
  labelNames: readonly string[];
  /** Upper bounds of the histogram buckets in seconds. Only for histograms. */
  buckets?: readonly number[];
}

/** Metrics that every process exports about its own work, by name. */
export const COUNTED_METRICS = {
  fermata_changes_total: {
    type: 'counter',
    help: 'Events and changes of state that were routed',
    labelNames: [],
  },
  fermata_routing_lag_seconds: {
    type: 'histogram',
    help: 'Time from the commit of a change until it was routed',
    labelNames: [],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
  },
  fermata_evaluations_total: {
    type: 'counter',
    help: 'Candidates by outcome; "run" means that a run was created',
    labelNames: ['outcome'],
  },
  fermata_dropped_runs_total: {
    type: 'counter',
    help: 'Runs that were not started because as many as the mode allows were active',
    labelNames: ['mode'],
  },
  fermata_refused_deliveries_total: {
    type: 'counter',
    help: 'Elements and requests of outside senders that were refused, by route and error code',
    labelNames: ['route', 'code'],
  },
  fermata_run_starts_total: {
    type: 'counter',
    help: 'Executions started; an eager start receives its first workflow task at once, which costs the server less',
    labelNames: ['eager'],
  },
  fermata_wakes_total: {
    type: 'counter',
    help: 'Waits evaluated for a change; "signalled" means that a wake was sent',
    labelNames: ['result'],
  },
  fermata_temporal_calls_total: {
    type: 'counter',
    help: 'Calls to Temporal made for runs',
    labelNames: ['call'],
  },
  fermata_action_seconds: {
    type: 'histogram',
    help: 'Time of provider actions, without pauses between attempts',
    labelNames: ['action', 'outcome'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
  },
  fermata_mask_hits_total: {
    type: 'counter',
    help: 'Occurrences of secrets that were masked in the output of runs',
    labelNames: [],
  },
  fermata_reconciled_total: {
    type: 'counter',
    help: 'Rows and executions that disagreed and were repaired',
    labelNames: [],
  },
} as const satisfies Record<string, CountedMetric>;
