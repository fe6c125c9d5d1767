import { hostname } from 'node:os';
import { createActivities } from './activities/create-activities';
import type { ActivityDeps } from './activities/deps';
import { createFireSchedule } from './activities/fire-schedule';
import { createOriginLoad } from './activities/origin-load';
import { maskFailures } from './activities/mask-failures';
import { createRunSecrets } from './activities/run-secrets';
import { createPostgresSecrets } from './integrations/secret-backend';
import { createRunSources } from './db/runs/run-source';
import { dwellsToSync } from './db/dwells';
import { runsToEnd, runsToStart } from './db/runs/start-queue';
import { wakesToSend, type Wake } from './db/runs/wait-states';
import { createHousekeeping } from './activities/housekeeping/create-housekeeping';
import { createPeriodicWork } from './activities/housekeeping/periodic-work';
import { periodicDue } from './db/periodic-work';
import { requireSecretKey, type Config } from './config';
import { createDatabase } from './db/client';
import { followDatabaseClock, type DatabaseClock } from './db/database-clock';
import { createEntityStore } from './db/entity-store';
import { createNotifier, listen } from './db/notifier';
import { assertSchemaCurrent } from './db/schema-version';
import { createDispatcher, type Dispatcher } from './engine/dispatcher';
import { createBroadcast } from './engine/broadcast';
import { startClusterEvents } from './engine/cluster-events';
import { createDwellTimers } from './engine/dwell-timers';
import { createOverdueDwells, type OverdueDwells } from './engine/overdue-dwells';
import { createSweep, type Sweep } from './engine/sweep';
import { createSweeper, type DueWork } from './engine/sweeper';
import { createEvaluationLog } from './engine/evaluation-log';
import { fireDwell } from './engine/gates/fire-dwell';
import { createOverflowReport, type OverflowReport } from './engine/gates/overflow-report';
import { createIndexFollower } from './engine/index-follower';
import { createLoopWatch } from './engine/loop-watch';
import { createFleet, type Fleet } from './engine/fleet';
import { createLeases } from './engine/leases';
import { LEASE_SECONDS } from './db/partition-leases';
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
import { knowledgeOf } from './domain/registry/knowledge';
import { createPluginFiltersOf, createTriggersLacking } from './domain/definition/filters-lacking';
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
import { startPlugins } from './integrations/load-plugins';
import { createPlugins } from './integrations/plugins';
import { createPackageSource } from './integrations/script/packages';
import { createScriptRunner, WORKER_WAIT_MS } from './integrations/script/script-runner';
import { reportEnforcement, warnWithoutSandbox } from './integrations/script/sandbox-warning';
import { warnOfSkew } from './telemetry/clock-skew';
import { pushMetrics } from './telemetry/push-metrics';
import { packageVersion } from './package-version';
import { trackSlots } from './temporal/track-slots';
import { keepTemporal, type TemporalKeeper } from './temporal/keep-temporal';
import { createWorkerMetrics } from './telemetry/worker-metrics';

/** A worker process that has started. */
export interface RunningWorker {
  id: string;
  /** Resolves when Temporal has been reached for the first time. */
  connected: Promise<void>;
  /** Starts a round of the domain timer now, and writes the buffered evaluations. */
  hurry(): Promise<void>;
  /** Stops routing and releases its leases, finishes the other work in progress, and closes all connections. */
  stop(): Promise<void>;
}

/** Dependencies that `fermata test` replaces. */
export interface WorkerStandIns {
  /** Default: the clock of the database. */
  clock?: DatabaseClock;
  temporal: typeof keepTemporal;
  plugins: (plugins: readonly Plugin[]) => readonly Plugin[];
}

const REAL: WorkerStandIns = { temporal: keepTemporal, plugins: (plugins) => plugins };

/** Starts a worker process, which contains the dispatcher and the Temporal worker. */
export async function startWorker(
  config: Config,
  databaseUrl: string,
  { log, sdkMetricsPort }: { log: Logger; sdkMetricsPort: number | undefined },
  standIns: WorkerStandIns = REAL,
): Promise<RunningWorker> {
  const base = await createBase(config, databaseUrl, log, standIns);
  const { database, metrics, watch, clock, workerId } = base;
  const temporal = standIns.temporal({
    ...{ config, database, log, metrics, clock },
    activities: () => activities,
    interceptors: () => [trackSlots(launcher.slots), maskFailures({ db: database.db, secrets: activityDeps.secrets })],
  });
  const launcher = createRunLauncher({
    ...{ database, starter: temporal.starter, log, watch, sizes: config.workerSizes },
    onStart: (run) => activityDeps.keepStarting(run),
  });
  const activityDeps = createActivityDeps(base, launcher);
  const parts: WorkerParts = { ...base, temporal, launcher, activityDeps };
  const routing = startRouting(parts);
  const activities = createWorkerActivities(parts, routing);
  const timers = startTimers(parts, routing, databaseUrl);
  temporal.start();
  const metricsServer = await metrics.serve(config, { log, sdkMetricsPort });
  const push = pushMetrics({
    ...{ otlp: config.otlp, service: 'fermata-worker', instance: workerId, log },
    collect: () => Promise.resolve(metrics.registries),
  });
  /**
   * Parts in one row stop at the same time. The dispatcher is first, so that other workers take over its partitions
   * early.
   */
  const stopOrder: (() => unknown)[][] = [
    [() => routing.dispatcher.stop()],
    ...timers.stopOrder,
    [() => routing.wakeSender.stop()],
    [() => routing.overflow.stop(), () => launcher.stop()],
    [() => temporal.stop()],
    [() => metricsServer.close()],
    [() => push.stop()],
    [() => watch.stop(), () => clock.stop()],
    [() => base.scripts.close()],
    [() => base.egress.close()],
    [() => database.close()],
  ];
  return {
    id: workerId,
    connected: temporal.connected,
    hurry() {
      timers.domainTimer.poke();
      return routing.flush();
    },
    async stop() {
      for (const row of stopOrder) await Promise.all(row.map((stop) => stop()));
    },
  };
}

/** Creates the dependencies that all parts of the worker share. Throws when the schema of the database is outdated. */
async function createBase(config: Config, databaseUrl: string, log: Logger, standIns: WorkerStandIns) {
  const database = createDatabase(databaseUrl, { max: config.databasePool, applicationName: 'fermata-worker' });
  await assertSchemaCurrent(database);
  const egress = createEgress({ allow: config.egressAllow, proxy: config.egressProxy });
  const scripts = createScriptRunner({
    ...{ egress, policy: config.scripts, packages: createPackageSource(database.db) },
    limits: { atOnce: config.scriptSlots, maxWaiting: 10_000, waitMs: WORKER_WAIT_MS },
  });
  const clock = standIns.clock ?? (await followDatabaseClock(database.db, { onSkew: warnOfSkew(log) }));
  const cipher = createCipher(requireSecretKey(config));
  const backend = createPostgresSecrets({ db: database.db, cipher });
  const own = await startPlugins(config.plugins, egress, { log, clock, database, backend });
  const plugins = standIns.plugins(createPlugins({ egress, scripts, own: own.plugins }));
  warnWithoutSandbox(config.scripts, log);
  const scriptLimits = await scripts.enforcement();
  reportEnforcement(scriptLimits, log);
  const registry = createRegistry<Action>(plugins);
  const filters = createPluginFilters(plugins, (message) => log.warn(message));
  const [filtersOf, metrics] = [createPluginFiltersOf(filters, registry), createWorkerMetrics()];
  metrics.watchClock(clock);
  const entities = createEntityStore({ registry, clock, ids: uuidV7 });
  const evaluator = createEvaluator({ entities, filters, clock, timezone: config.timezone });
  const watch = createLoopWatch({
    onStalled: (loop) => log.error({ loop }, 'a loop has not finished a round in time'),
  });
  metrics.watchLoops(watch);
  const workerId = uuidV7.next();
  return {
    config,
    log,
    database,
    egress,
    scripts,
    scriptLimits,
    plugins,
    cipher,
    backend,
    ...(config.plugins.length > 0 && { maskOfPlugins: own.mask }),
    registry,
    metrics,
    clock,
    entities,
    evaluator,
    ...{ filtersOf, filtersLacking: (definition: object) => filtersOf(definition).lacking },
    watch,
    workerId,
  };
}

type WorkerBase = Awaited<ReturnType<typeof createBase>>;

interface WorkerParts extends WorkerBase {
  temporal: TemporalKeeper;
  launcher: RunLauncher;
  activityDeps: ActivityDeps;
}

function createActivityDeps(base: WorkerBase, launcher: RunLauncher): ActivityDeps {
  const { config, database, registry, evaluator, entities, clock, metrics, plugins, cipher, backend } = base;
  const { db } = database;
  return {
    ...{ database, registry, evaluator, entities, clock, ids: uuidV7 },
    notifier: createNotifier(database.pool),
    ...createRunSources(db),
    filtersLacking: base.filtersLacking,
    triggersLacking: createTriggersLacking(registry),
    secrets: createRunSecrets({
      ...{ db, cipher, backend, onHit: metrics.maskHits },
      ...(base.maskOfPlugins && { maskOfPlugins: base.maskOfPlugins }),
    }),
    openConnection: createConnections({ db, cipher, backend, types: connectionTypesOf(plugins) }),
    origins: createOriginLoad({ slots: config.workerSizes.activities }),
    onLocalCall: (executionRunId) => launcher.slots.call(executionRunId),
    onRunsToStart: () => launcher.pokeStarts(),
    onAction: metrics.action,
    failpoint: createFailpoint(config.testing.failpoint),
  };
}

function createWorkerActivities(parts: WorkerParts, routing: Routing) {
  const { config, database, temporal, launcher, activityDeps, clock, registry, metrics, log } = parts;
  return {
    ...createActivities(activityDeps),
    ...createHousekeeping({
      ...{ client: temporal.client, database, clock, registry, log },
      ...{ taskQueue: config.taskQueue, retention: config.retention },
      onRepaired: metrics.reconciled,
      onRunsToStart: () => launcher.poke(),
    }),
    fireDwell: (dwellId: string) => routing.fireDwell(dwellId),
    fireSchedule: createFireSchedule({ ...activityDeps, timezone: config.timezone }),
  };
}

/** Starts the loops that are not part of routing: periodic loops, and loops that NOTIFY wakes. */
function startTimers(parts: WorkerParts, routing: Routing, databaseUrl: string) {
  const { config, database, entities, registry, temporal, launcher, activityDeps, log, watch } = parts;
  const { dispatcher, dwellTimers, overdueDwells } = routing;
  const scheduleTimers = createScheduleTimers({ database, keeper: temporal.schedules, log, watch });
  const broadcast = createBroadcast({ db: database.db, listeners: registry.listeners(), log });
  const { notifier, openConnection } = activityDeps;
  const clusterEvents = startClusterEvents({ ...parts, notifier, openConnection });
  const pokeAll = (...loops: { poke(): void }[]) => loops.forEach((loop) => loop.poke());
  const handlers = {
    changes: () => pokeAll(dispatcher, broadcast),
    starts: () => launcher.poke(),
    definitions: () => pokeAll(dispatcher, scheduleTimers, clusterEvents),
    workers: () => dispatcher.renew(),
    dwells: () => overdueDwells.pokeDue(),
  };
  const listener = listen(databaseUrl, handlers, { onSilent: database.suspectConnections });
  const { staleMs } = config.alerts;
  const severities = severityMap(config.alerts.severities);
  const domainTimer = createDomainTimer({
    ...{ database, entities, notifier, log, watch },
    more: staleMs === undefined ? [] : [createEndStaleAlerts({ staleMs, severities })],
  });
  const periodic = createPeriodicSweeps(parts);
  const sweeper = createSweeper({
    ...{ db: database.db, workerId: parts.workerId, log, watch },
    kinds: dueWork(parts, { routing, scheduleTimers, domainTimer, periodic }),
  });
  const stopOrder: (() => unknown)[][] = [
    [() => sweeper.stop()],
    periodic.map(
      ({ sweep }) =>
        () =>
          sweep.stop(),
    ),
    [() => listener.close(), () => clusterEvents.stop()],
    [broadcast, domainTimer, scheduleTimers, dwellTimers, overdueDwells].map((part) => () => part.stop()),
  ];
  return { domainTimer, stopOrder };
}

function createPeriodicSweeps({
  config,
  database,
  temporal,
  activityDeps,
  clock,
  metrics,
  launcher,
  log,
  watch,
}: WorkerParts) {
  return createPeriodicWork({
    ...{ client: temporal.client, database, taskQueue: config.taskQueue, clock, sourceOf: activityDeps.sourceOf },
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
}

/** Returns the kinds of work that the sweeper searches for: rows whose owner died, and rows that are due. */
function dueWork(
  { temporal, launcher, activityDeps }: WorkerParts,
  timers: {
    routing: Routing;
    scheduleTimers: ReturnType<typeof createScheduleTimers>;
    domainTimer: ReturnType<typeof createDomainTimer>;
    periodic: ReturnType<typeof createPeriodicSweeps>;
  },
): DueWork[] {
  const { scheduleTimers, domainTimer, periodic } = timers;
  const { dwellTimers, overdueDwells, wakeSender, fleet } = timers.routing;
  const isAble = () => temporal.starter() !== null;
  return [
    { name: 'starts', due: () => runsToStart, isAble, onDue: () => activityDeps.notifier.starts() },
    { name: 'ends', due: () => runsToEnd, isAble, onDue: () => launcher.poke() },
    { name: 'wakes', due: () => wakesToSend, isAble, onDue: () => wakeSender.poke() },
    { name: 'dwells', due: () => dwellsToSync, isAble, onDue: () => dwellTimers.poke() },
    {
      ...{ name: 'overdue-dwells', due: overdueDwells.due, onDue: () => overdueDwells.poke() },
      // The worker with the lease may lack plugins that other workers have.
      isShared: () => fleet.differs(),
    },
    { name: 'schedules', due: () => scheduleTimers.due(), isAble, onDue: () => scheduleTimers.poke() },
    ...periodic.map(({ name, everySeconds, sweep }) => ({
      ...{ name, isAble, due: () => periodicDue(name, everySeconds), onDue: () => sweep.poke() },
    })),
    { name: 'domain-clock', due: domainTimer.due, onDue: () => domainTimer.poke() },
  ];
}

interface Routing {
  dispatcher: Dispatcher;
  dwellTimers: Sweep;
  overdueDwells: OverdueDwells;
  fleet: Fleet;
  wakeSender: WakeSender;
  overflow: OverflowReport;
  fireDwell: (dwellId: string) => Promise<FireAnswer>;
  flush: () => Promise<void>;
}

/** Starts the dispatcher and the parts that it triggers: the dwell timers and the wake sender. */
function startRouting(parts: WorkerParts): Routing {
  const { config, database, workerId, log, launcher, temporal, metrics, watch, activityDeps } = parts;
  const { registry, entities, evaluator, clock, failpoint } = activityDeps;
  const evaluations = createEvaluationLog({
    ...{ db: database.db, clock, keep: config.retention.evaluationsPerAutomation },
    onError: (error) => log.warn({ err: error }, 'failed to write evaluations'),
  });
  const index = new RoutingIndex(registry, parts.filtersOf);
  const follower = createIndexFollower(database.db, index, (automationId, message) => {
    log.error({ automationId }, message);
    const nothing = { triggerId: null, changeId: null, contextKey: null };
    evaluations.record({ automationId, ...nothing, outcome: 'error', detail: message });
  });
  const overflow = createOverflowReport({ log, onDropped: metrics.dropped });
  const shared = {
    ...{ database, workerId, registry, entities, evaluator, evaluations, launcher },
    ...{ index, follower, clock, log, failpoint },
    ...{ ids: uuidV7, overflow, onOutcome: metrics.outcome, onWake: metrics.wake },
    keepsRoutings: config.retention.routingsMs > 0,
    onDwellsToStart: () => dwellTimers.poke(),
    onWakeToSend: (wake: Wake) => wakeSender.send(wake),
    sourceOf: activityDeps.sourceOf,
    filtersLacking: parts.filtersLacking,
    onLeft: (lacking: readonly string[]) => {
      // If the list is empty, any other worker may be able to fire the dwell.
      if (lacking.length === 0 || fleet.isProvidedByOther(lacking)) activityDeps.notifier.dwells();
    },
  };
  const fire = (dwellId: string) => fireDwell(shared, dwellId);
  const dwellTimers = createDwellTimers({ database, starter: temporal.dwells, log, watch });
  const overdueDwells = createOverdueDwells({ database, clock, index, follower, fire, log, watch });
  const { slots } = launcher;
  const wakeSender = createWakeSender({ database, starter: temporal.starter, slots, failpoint, log, watch });
  const fleet = createFleet({
    ...{ db: database.db, knowledge: knowledgeOf(parts.plugins) },
    notify: () => activityDeps.notifier.workers(),
    worker: {
      ...{ id: workerId, host: hostname(), pid: process.pid },
      ...{ version: packageVersion(), scriptLimits: parts.scriptLimits.by, leaseSeconds: LEASE_SECONDS },
    },
  });
  const leases = createLeases({ db: database.db, workerId, fleet });
  const dispatcher = createDispatcher({ ...shared, leases, fleet, onRouted: metrics.routed, watch });
  const flush = () => evaluations.flush();
  return { dispatcher, dwellTimers, overdueDwells, fleet, wakeSender, overflow, fireDwell: fire, flush };
}
