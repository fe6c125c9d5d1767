import { hostname } from 'node:os';
import { createActivities } from './activities/create-activities';
import type { ActivityDeps } from './activities/deps';
import { createFireSchedule } from './activities/fire-schedule';
import { createOriginLoad } from './activities/origin-load';
import { maskFailures } from './activities/mask-failures';
import { createRunSecrets } from './activities/run-secrets';
import { createPostgresSecrets } from './integrations/secret-backend';
import { createRunSources } from './db/runs/run-source';
import { runsToEnd, runsToStart } from './db/runs/start-queue';
import { wakesToSend, type Wake } from './db/runs/waits';
import { createHousekeeping } from './activities/housekeeping/create-housekeeping';
import { createPeriodicWork } from './activities/housekeeping/periodic-work';
import { periodicDue } from './db/periodic-work';
import { requireSecretKey, type Config } from './config';
import { createDatabase, type Database } from './db/client';
import { followDatabaseClock, type DatabaseClock } from './db/database-clock';
import { createEntityStore } from './db/entity-store';
import { createNotifier, listen } from './db/notifier';
import { assertSchemaCurrent } from './db/schema-version';
import { createDispatcher, type Dispatcher } from './engine/dispatcher';
import { createBroadcast } from './engine/broadcast';
import { createDwellTimers } from './engine/dwell-timers';
import { createSweep } from './engine/sweep';
import { createSweeper } from './engine/sweeper';
import { createEvaluationLog } from './engine/evaluation-log';
import { fireDwell } from './engine/gates/fire-dwell';
import { createOverflowReport, type OverflowReport } from './engine/gates/overflow-report';
import { createIndexFollower } from './engine/index-follower';
import { createLoopWatch, type LoopWatch } from './engine/loop-watch';
import { createFleet } from './engine/fleet';
import { createLeases, LEASE_SECONDS } from './engine/leases';
import { RoutingIndex } from './engine/routing-index';
import { createEndStaleAlerts } from './domains/alert/end-stale-alerts';
import { severityMap } from './domains/alert/severity-map';
import { createDomainTimer } from './engine/domain-timer';
import { createWakeSender, type WakeSender } from './engine/wake-sender';
import { createScheduleTimers } from './engine/schedule-timers';
import { createRunLauncher, type RunLauncher } from './engine/start/launch';
import { uuidV7 } from './domain/clock';
import { messageOf } from './domain/errors';
import type { FireAnswer } from './domain/gates/dwell-messages';
import { knowledgeOf, type Knowledge } from './domain/registry/knowledge';
import { createPluginFilters } from './domain/registry/plugin-filters';
import { createRegistry } from './domain/registry/registry';
import { createFailpoint } from './failpoint';
import type { Logger } from './log';
import { connectionTypesOf } from './integrations/connections/connection-type';
import type { Action, Plugin } from './integrations/contract';
import { createConnections } from './integrations/connections/open-connection';
import { createCipher } from './domain/secrets/cipher';
import { createEgress } from './edges/egress/egress';
import { createEvaluator } from './evaluation/live-evaluator';
import { loadPlugins } from './integrations/load-plugins';
import { createPlugins } from './integrations/plugins';
import { createPackageSource } from './integrations/script/packages';
import { createScriptRunner, WORKER_WAIT_MS } from './integrations/script/script-runner';
import { warnWithoutSandbox } from './integrations/script/sandbox-warning';
import { warnOfSkew } from './telemetry/clock-skew';
import { pushMetrics } from './telemetry/push-metrics';
import { trackSlots } from './temporal/track-slots';
import { keepTemporal, type TemporalKeeper } from './temporal/keep-temporal';
import { createWorkerMetrics, type WorkerMetrics } from './telemetry/worker-metrics';

export interface RunningWorker {
  id: string;
  /** Settles when Temporal was reached for the first time. */
  connected: Promise<void>;
  /** Looks at once at what the clock of the domains has to do, and writes the reasons that are only noted. */
  hurry(): Promise<void>;
  /** Finishes what is under way; then leases, connections and listeners are gone. */
  stop(): Promise<void>;
}

/** What `fermata test` has in place of the real thing. */
export interface WorkerStandIns {
  /** Default: the clock of the database. */
  clock?: DatabaseClock;
  temporal: typeof keepTemporal;
  plugins: (plugins: readonly Plugin[]) => readonly Plugin[];
}

const REAL: WorkerStandIns = { temporal: keepTemporal, plugins: (plugins) => plugins };

/** The composition root of a worker process: dispatcher and Temporal worker on one connection each. */
export async function startWorker(
  config: Config,
  databaseUrl: string,
  { log, sdkMetricsPort }: { log: Logger; sdkMetricsPort: number | undefined },
  standIns: WorkerStandIns = REAL,
): Promise<RunningWorker> {
  const database = createDatabase(databaseUrl, { max: config.databasePool, applicationName: 'fermata-worker' });
  await assertSchemaCurrent(database);
  const workerId = uuidV7.next();
  const egress = createEgress({ allow: config.egressAllow, proxy: config.egressProxy });
  const scripts = createScriptRunner({
    ...{ egress, policy: config.scripts, packages: createPackageSource(database.db) },
    limits: { atOnce: config.scriptSlots, mostWaiting: 10_000, waitMs: WORKER_WAIT_MS },
  });
  const plugins = standIns.plugins(
    createPlugins({ egress, scripts, own: await loadPlugins(config.plugins, { egress }) }),
  );
  warnWithoutSandbox(config.scripts, log);
  const registry = createRegistry<Action>(plugins);
  const filters = createPluginFilters(plugins, (message) => log.warn(message));
  const metrics = createWorkerMetrics({ db: database.db, log });
  const clock = standIns.clock ?? (await followDatabaseClock(database.db, { onSkew: warnOfSkew(log) }));
  metrics.watchClock(clock);
  const entities = createEntityStore({ registry, clock, ids: uuidV7 });
  const evaluator = createEvaluator({ entities, filters, clock, timezone: config.timezone });
  const temporal = standIns.temporal({
    ...{ config, database, log, metrics, clock },
    activities: () => activities,
    interceptors: () => [trackSlots(launcher.enter), maskFailures({ db: database.db, secrets: activityDeps.secrets })],
  });
  const watch = createLoopWatch({
    onStalled: (loop) => log.error({ loop }, 'a loop has not come round; starting it again'),
  });
  metrics.watchLoops(watch);
  const launcher = createRunLauncher({
    ...{ database, starter: temporal.starter, log, watch },
    slots: config.workerSlots.workflowTasks,
  });
  const cipher = createCipher(requireSecretKey(config));
  const backend = createPostgresSecrets({ db: database.db, cipher });
  const activityDeps: ActivityDeps = {
    database,
    registry,
    evaluator,
    entities,
    notifier: createNotifier(database.pool),
    clock,
    ids: uuidV7,
    sourceOf: createRunSources(database.db),
    secrets: createRunSecrets({ db: database.db, cipher, backend, onHit: metrics.maskHits }),
    openConnection: createConnections({
      db: database.db,
      cipher,
      backend,
      types: connectionTypesOf(plugins),
    }),
    origins: createOriginLoad({ slots: config.workerSlots.activities }),
    onRunsToStart: () => launcher.poke(),
    onAction: metrics.action,
    onRunEnded: metrics.runEnded,
    failpoint: createFailpoint(process.env['FERMATA_FAILPOINT']),
  };
  const activities = {
    ...createActivities(activityDeps),
    ...createHousekeeping({
      client: temporal.client,
      database,
      taskQueue: config.taskQueue,
      retention: config.retention,
      clock,
      registry,
      onRepaired: metrics.reconciled,
      onRunsToStart: () => launcher.poke(),
      log,
    }),
    fireDwell: (dwellId: string) => routing.fireDwell(dwellId),
    fireSchedule: createFireSchedule({ ...activityDeps, timezone: config.timezone }),
  };
  const routing = startRouting({
    ...{ config, database, workerId, log, launcher, temporal, metrics, watch, activityDeps },
    knowledge: knowledgeOf(plugins),
  });
  const { dispatcher, dwellTimers, wakeSender } = routing;
  const scheduleTimers = createScheduleTimers({ database, keeper: temporal.schedules, log, watch });
  const broadcast = createBroadcast({ db: database.db, listeners: registry.listeners(), log });
  const listener = listen(databaseUrl, {
    changes: () => {
      dispatcher.poke();
      broadcast.poke();
    },
    starts: () => launcher.poke(),
    definitions: () => {
      dispatcher.poke();
      scheduleTimers.poke();
    },
  });
  const { staleMs } = config.alerts;
  const severities = severityMap(config.alerts.severities);
  const domainTimer = createDomainTimer({
    ...{ database, entities, notifier: activityDeps.notifier, log, watch },
    more: staleMs === undefined ? [] : [createEndStaleAlerts({ staleMs, severities })],
  });
  const hasTemporal = () => temporal.starter() !== null;
  const periodic = createPeriodicWork({
    ...{ client: temporal.client, database, taskQueue: config.taskQueue, sourceOf: activityDeps.sourceOf },
    onRepaired: metrics.reconciled,
    onRunsToStart: () => launcher.poke(),
  }).map(({ name, everySeconds, work }) => ({
    ...{ name, everySeconds },
    sweep: createSweep({
      ...{ everyMs: 'poked', name, watch },
      work: () => work().then(() => false),
      onError: (error) => log.warn({ reason: messageOf(error) }, `${name} failed; trying again`),
    }),
  }));
  const sweeper = createSweeper({
    ...{ db: database.db, workerId, log, watch },
    kinds: [
      { name: 'starts', due: () => runsToStart, isAble: hasTemporal, onDue: () => activityDeps.notifier.starts() },
      { name: 'ends', due: () => runsToEnd, isAble: hasTemporal, onDue: () => launcher.poke() },
      { name: 'wakes', due: () => wakesToSend, isAble: hasTemporal, onDue: () => wakeSender.poke() },
      { name: 'dwells', due: dwellTimers.due, onDue: () => dwellTimers.poke() },
      { name: 'schedules', due: () => scheduleTimers.due(), isAble: hasTemporal, onDue: () => scheduleTimers.poke() },
      ...periodic.map(({ name, everySeconds, sweep }) => ({
        ...{ name, isAble: hasTemporal, due: () => periodicDue(name, everySeconds), onDue: () => sweep.poke() },
      })),
      { name: 'domain-clock', due: domainTimer.due, onDue: () => domainTimer.poke() },
    ],
  });
  temporal.start();
  const metricsServer = await metrics.serve(config, { log, sdkMetricsPort });
  const push = pushMetrics({
    ...{ endpoint: config.otlpEndpoint, service: 'fermata-worker', instance: workerId, log },
    collect: () => Promise.resolve(metrics.registries),
  });
  return {
    id: workerId,
    connected: temporal.connected,
    hurry() {
      domainTimer.poke();
      return routing.flush();
    },
    async stop() {
      // Partitions first: other workers route their changes while this one finishes the rest.
      await dispatcher.stop();
      await sweeper.stop();
      await Promise.all(periodic.map(({ sweep }) => sweep.stop()));
      await listener.close();
      await Promise.all([broadcast.stop(), domainTimer.stop(), scheduleTimers.stop(), dwellTimers.stop()]);
      await wakeSender.stop();
      routing.overflow.stop();
      await launcher.stop();
      await temporal.stop();
      await metricsServer.close();
      await push.stop();
      watch.stop();
      clock.stop();
      await metrics.stop();
      await scripts.close();
      await egress.close();
      await database.close();
    },
  };
}

interface RoutingParts {
  config: Config;
  database: Database;
  workerId: string;
  log: Logger;
  launcher: RunLauncher;
  temporal: TemporalKeeper;
  metrics: WorkerMetrics;
  watch: LoopWatch;
  activityDeps: ActivityDeps;
  knowledge: Knowledge;
}

interface Routing {
  dispatcher: Dispatcher;
  dwellTimers: ReturnType<typeof createDwellTimers>;
  wakeSender: WakeSender;
  overflow: OverflowReport;
  fireDwell: (dwellId: string) => Promise<FireAnswer>;
  flush: () => Promise<void>;
}

/** What reads the change log, and what it leaves behind for later. */
function startRouting(parts: RoutingParts): Routing {
  const { config, database, workerId, log, launcher, temporal, metrics, watch, activityDeps } = parts;
  const { registry, entities, evaluator, clock, failpoint } = activityDeps;
  const evaluations = createEvaluationLog({
    ...{ db: database.db, clock, keep: config.retention.evaluationsPerAutomation },
    onError: (error) => log.warn({ err: error }, 'reasons could not be written'),
  });
  const index = new RoutingIndex(registry);
  const follower = createIndexFollower(database.db, index, (automationId, message) => {
    log.error({ automationId }, message);
    evaluations.record({ automationId, triggerId: null, changeId: null, outcome: 'error', detail: message });
  });
  const overflow = createOverflowReport({ log, onDropped: metrics.dropped });
  const shared = {
    ...{
      database,
      workerId,
      registry,
      entities,
      evaluator,
      evaluations,
      launcher,
      index,
      follower,
      clock,
      log,
      failpoint,
    },
    ids: uuidV7,
    onOutcome: metrics.outcome,
    overflow,
    keepsRoutings: config.retention.routingsMs > 0,
    onDwellsToStart: () => dwellTimers.poke(),
    onWakeToSend: (wake: Wake) => wakeSender.send(wake),
    onWake: metrics.wake,
    sourceOf: activityDeps.sourceOf,
  };
  const fire = (dwellId: string) => fireDwell(shared, dwellId);
  const dwellTimers = createDwellTimers({ database, clock, starter: temporal.dwells, fire, log, watch });
  const wakeSender = createWakeSender({ database, starter: temporal.starter, failpoint, log, watch });
  const fleet = createFleet({
    ...{ db: database.db, knowledge: parts.knowledge },
    worker: { id: workerId, host: hostname(), pid: process.pid, leaseSeconds: LEASE_SECONDS },
  });
  const leases = createLeases({ db: database.db, workerId, fleet });
  const dispatcher = createDispatcher({ ...shared, leases, fleet, onRouted: metrics.routed, watch });
  return { dispatcher, dwellTimers, wakeSender, overflow, fireDwell: fire, flush: () => evaluations.flush() };
}
