import { z } from 'zod';
import { definitionsWithOtherFilters, enabledTriggers, readVitals, type Vitals } from '../db/diagnosis';
import type { Executor } from '../db/executor';
import { listStuckRuns, runsWithoutAction, type StuckCode } from '../db/runs/stuck';
import { knownByWorkers } from '../db/worker-announcements';
import { unknownFilters } from '../domain/definition/unknown-filters';
import { standardFilters } from '../domain/expressions/filter-registry';
import { filterName, filterOf, triggerName } from '../domain/registry/knowledge';
import { normalizeEvent } from '../domain/registry/registry';

export const Problem = z
  .object({
    code: z.string(),
    severity: z.enum(['critical', 'warning']),
    subject: z.string().nullable().describe('The object concerned, e.g. the id of a run'),
    message: z.string(),
    advice: z.string().describe('What to do about it'),
  })
  .meta({ id: 'DiagnosedProblem' });
export type Problem = z.infer<typeof Problem>;

/** Maximum number of problems to return per kind. */
const LIMIT = 100;

/**
 * Housekeeping runs every 5 minutes. It is late if no round has finished within this many seconds. If no round has ever
 * finished, the time is measured from the start of the first live worker.
 */
const HOUSEKEEPING_LATE_SECONDS = 1_800;

const minutes = (seconds: number): string =>
  seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;

/** Checks the vitals. Returns a problem, or null if there is none. */
type Check = (vitals: Vitals) => Omit<Problem, 'subject'> | null;

const CHECKS: readonly Check[] = [
  ({ workers }) =>
    workers > 0
      ? null
      : {
          code: 'no_worker',
          severity: 'critical',
          message: 'No worker is running.',
          advice: 'Start "fermata worker". Events are stored until then and routed afterwards.',
        },
  ({ pluginSets }) =>
    pluginSets <= 1
      ? null
      : {
          code: 'plugins_differ',
          severity: 'warning',
          message: `Workers run with ${pluginSets} different sets of plugins.`,
          advice:
            'Expected during a rolling upgrade. Otherwise set the same FERMATA_PLUGINS and release on every worker.',
        },
  ({ unroutedAge, workers }) =>
    workers === 0 || unroutedAge <= 30
      ? null
      : {
          code: 'routing_behind',
          severity: 'critical',
          message: `The oldest change has waited for ${minutes(unroutedAge)} to be routed.`,
          advice: 'Check the logs of the workers and their connection to Postgres; add workers if they are busy.',
        },
  ({ pendingAge }) =>
    pendingAge <= 60
      ? null
      : {
          code: 'runs_not_started',
          severity: 'critical',
          message: `A run that may start has waited for ${minutes(pendingAge)}.`,
          advice: 'Check that workers reach Temporal and have free slots (FERMATA_WORKFLOW_TASK_SLOTS); add workers.',
        },
  ({ deadLetters }) =>
    deadLetters === 0
      ? null
      : {
          code: 'dead_letters',
          severity: 'warning',
          message: `${deadLetters} changes were set aside after five failed attempts.`,
          advice: 'Read the errors in GET /api/v1/changes/failed, fix the cause, then POST /api/v1/changes/{id}/retry.',
        },
  ({ housekeepingAge, workersAge }) =>
    (housekeepingAge ?? workersAge) <= HOUSEKEEPING_LATE_SECONDS
      ? null
      : {
          code: 'housekeeping_late',
          severity: 'warning',
          message:
            housekeepingAge === null
              ? `Housekeeping has never run, although a worker has been running for ${minutes(workersAge)}.`
              : `Housekeeping last ended ${minutes(housekeepingAge)} ago; it runs every 5 minutes.`,
          advice: 'Check the schedule fermata-housekeeping in Temporal: it must not be paused.',
        },
  ({ lostRuns }) =>
    lostRuns === 0
      ? null
      : {
          code: 'runs_lost',
          severity: 'warning',
          message: `${lostRuns} runs lost their execution in the last 7 days and were not retried.`,
          advice:
            'List them: fermata runs --error-code execution_lost (GET /api/v1/runs?errorCode=execution_lost). Retry all: fermata retry --error-code execution_lost (POST /api/v1/runs/retry {"errorCode": "execution_lost"}).',
        },
  ({ unsyncedSchedules }) =>
    unsyncedSchedules === 0
      ? null
      : {
          code: 'schedules_not_synced',
          severity: 'warning',
          message: `${unsyncedSchedules} schedules are not in Temporal yet.`,
          advice: 'Check that a worker reaches Temporal; its log names the reason.',
        },
  ({ migrationFailures }) =>
    migrationFailures === 0
      ? null
      : {
          code: 'migration_failures',
          severity: 'warning',
          message: `${migrationFailures} stored definitions could not be upgraded; their automations are disabled.`,
          advice: 'Read GET /api/v1/migration-failures, correct the automations, then acknowledge the failures.',
        },
];

const STUCK_ADVICE: Record<StuckCode, string> = {
  not_started: 'Check that workers run, reach Temporal and have free slots.',
  workflow_task:
    'Open the run in the Temporal Web UI. After an upgrade: roll the release back. Otherwise cancel the run.',
  definition: 'Its version was written by another release. Run that release, or cancel the run.',
  no_progress: 'Open the run in the Temporal Web UI; cancel and retry it if nothing is in progress.',
};

/** Returns all known problems of the installation with advice, most severe first. */
export async function diagnose(deps: { db: Executor; checkTemporal: () => Promise<void> }): Promise<Problem[]> {
  const { db } = deps;
  const [vitals, stuck, withoutAction, temporal] = [
    await readVitals(db),
    await listStuckRuns(db, LIMIT),
    await runsWithoutAction(db, LIMIT),
    await temporalProblem(deps.checkTemporal),
  ];
  const found: Problem[] = [
    ...temporal,
    ...CHECKS.flatMap((check) => {
      const problem = check(vitals);
      return problem === null ? [] : [{ ...problem, subject: null }];
    }),
    ...(await missingNames(db)),
    ...withoutAction.map(({ runId, action }): Problem => ({
      ...{ code: 'unknown_action', severity: 'critical', subject: runId },
      message: `Run ${runId} waits: no worker has action ${action}.`,
      advice: 'Start a worker with the plugin that provides it (FERMATA_PLUGINS); the run then continues.',
    })),
    ...stuck.map(({ runId, automationName, code, reason }): Problem => ({
      ...{ code: `run_${code}`, severity: code === 'workflow_task' ? 'critical' : 'warning', subject: runId },
      message: `Run ${runId} of "${automationName}" is stuck: ${reason}`,
      advice: STUCK_ADVICE[code],
    })),
  ];
  return found.sort((one, other) => Number(one.severity !== 'critical') - Number(other.severity !== 'critical'));
}

async function temporalProblem(checkTemporal: () => Promise<void>): Promise<Problem[]> {
  try {
    await checkTemporal();
    return [];
  } catch {
    return [
      {
        ...{ code: 'temporal_unreachable', severity: 'critical', subject: null },
        message: 'The API cannot reach Temporal.',
        advice:
          'Check TEMPORAL_ADDRESS and the server. Until then, events are stored; runs start when Temporal can be reached again.',
      },
    ];
  }
}

const PLUGIN_ADVICE = 'Start a worker with the plugin that provides it (FERMATA_PLUGINS), or disable the automation.';

/** Returns a problem for each trigger or filter that an enabled automation uses but no live worker has. */
async function missingNames(db: Executor): Promise<Problem[]> {
  const known = await knownByWorkers(db);
  return known === null ? [] : [...(await unknownTriggers(db, known)), ...(await missingFilters(db, known))];
}

async function unknownTriggers(db: Executor, known: ReadonlySet<string>): Promise<Problem[]> {
  const missing = (await enabledTriggers(db)).filter(({ event }) => !known.has(triggerName(normalizeEvent(event))));
  return missing.slice(0, LIMIT).map(({ automationName, event }) => ({
    ...{ code: 'unknown_trigger', severity: 'critical', subject: automationName },
    message: `No worker has trigger ${event}, which "${automationName}" uses.`,
    advice: PLUGIN_ADVICE,
  }));
}

async function missingFilters(db: Executor, known: ReadonlySet<string>): Promise<Problem[]> {
  const isKnown = (filter: string): boolean =>
    standardFilters.get(filter) !== undefined || known.has(filterName(filter));
  const ofPlugins = [...known].flatMap((name) => filterOf(name) ?? []);
  const suspects = await definitionsWithOtherFilters(db, [...standardFilters.names(), ...ofPlugins]);
  const missing = suspects.flatMap(({ automationName, definition }) =>
    unknownFilters(definition, isKnown).map((filter) => ({ automationName, filter })),
  );
  return missing.slice(0, LIMIT).map(({ automationName, filter }) => ({
    ...{ code: 'unknown_filter', severity: 'critical', subject: automationName },
    message: `No worker has filter ${filter}, which "${automationName}" uses.`,
    advice: PLUGIN_ADVICE,
  }));
}
