import { availableParallelism, totalmem } from 'node:os';
import { integer } from './setting-schemas';

/** The resources that a process may use. */
export interface Machine {
  /** Number of cores that the process may run on. */
  cores: number;
  /** Bytes of memory, or the limit of the container if that is lower. */
  memoryBytes: number;
}

/** The concurrency limits of one worker process. */
export interface WorkerSizes {
  /** Number of workflow task slots. A run uses one while its local steps are performed. */
  workflowTasks: number;
  /**
   * Maximum number of concurrent activities, and of concurrent local activities. Each briefly uses database
   * connections.
   */
  activities: number;
  /** Number of concurrent long polls for workflow tasks. */
  workflowPollers: number;
  /** Number of concurrent long polls for activities on each of the two task queues. */
  activityPollers: number;
  /** Number of open executions that are kept in memory; 0 = every workflow task replays its history from the start. */
  cachedWorkflows: number;
}

/** Settings for worker sizes. Their defaults depend on the machine. */
export const SIZE_SETTINGS = {
  FERMATA_WORKFLOW_TASK_SLOTS: integer(2, 10_000).optional(),
  FERMATA_ACTIVITY_SLOTS: integer(1, 10_000).optional(),
  FERMATA_WORKFLOW_POLLERS: integer(2, 1_000).optional(),
  FERMATA_ACTIVITY_POLLERS: integer(1, 1_000).optional(),
  FERMATA_WORKFLOW_CACHE: integer(0, 100_000).optional(),
};

/** Memory in MB that a worker uses without cached executions. */
const BASE_MB = 300;
const MB = 1_048_576;

/**
 * Returns the cores and the memory of this process. The limit of the container is used if it is lower than the
 * machine's memory.
 */
export function thisMachine(): Machine {
  const limit = process.constrainedMemory();
  return { cores: availableParallelism(), memoryBytes: limit > 0 ? Math.min(limit, totalmem()) : totalmem() };
}

/** Returns the defaults of all settings that depend on the machine, by name. */
export function defaultSizes({ cores, memoryBytes }: Machine): Record<keyof typeof SIZE_SETTINGS, number> & {
  FERMATA_DB_POOL: number;
} {
  return {
    FERMATA_DB_POOL: within(10, 10 * cores, 30),
    FERMATA_WORKFLOW_TASK_SLOTS: within(100, 100 * cores, 1_000),
    FERMATA_ACTIVITY_SLOTS: within(50, 25 * cores, 250),
    FERMATA_WORKFLOW_POLLERS: within(5, 5 * cores, 20),
    FERMATA_ACTIVITY_POLLERS: within(5, 5 * cores, 20),
    FERMATA_WORKFLOW_CACHE: within(50, Math.floor(memoryBytes / MB) - BASE_MB, 500),
  };
}

/**
 * Returns the sizes of a worker. The slots limit the number of pollers, because Temporal's SDK refuses more pollers
 * than slots.
 */
export function workerSizes(
  given: { [K in keyof typeof SIZE_SETTINGS]?: number | undefined },
  defaults: ReturnType<typeof defaultSizes>,
): WorkerSizes {
  const sizeOf = (name: keyof typeof SIZE_SETTINGS): number => given[name] ?? defaults[name];
  const workflowTasks = sizeOf('FERMATA_WORKFLOW_TASK_SLOTS');
  const activities = sizeOf('FERMATA_ACTIVITY_SLOTS');
  return {
    ...{ workflowTasks, activities },
    workflowPollers: Math.min(sizeOf('FERMATA_WORKFLOW_POLLERS'), workflowTasks),
    activityPollers: Math.min(sizeOf('FERMATA_ACTIVITY_POLLERS'), activities),
    cachedWorkflows: sizeOf('FERMATA_WORKFLOW_CACHE'),
  };
}

const within = (least: number, wanted: number, most: number): number => Math.max(least, Math.min(wanted, most));
