import type { RouteDeps } from '../route-deps';
import type { Route } from '../http/route';
import { auditRoutes } from './audit';
import { alertHookRoutes } from './alert-hooks';
import { alertIngestRoutes } from './alert-ingest';
import { alertRoutes } from './alerts';
import { refusedDeliveryRoutes } from './refused-deliveries';
import { automationEvaluationRoutes } from './automation-evaluations';
import { automationStatusRoutes } from './automation-status';
import { automationValidationRoutes } from './automation-validation';
import { automationVersionRoutes } from './automation-versions';
import { automationRoutes } from './automations';
import { changeRoutes } from './changes';
import { changeLookupRoutes } from './change-lookup';
import { automationExplainRoutes } from './automation-explain';
import { dryRunRoutes } from './dry-runs';
import { connectionCallRoutes } from './connection-calls';
import { connectionRoutes } from './connections';
import { entityAutomationRoutes } from './entity-automations';
import { entityHistoryRoutes } from './entity-history';
import { entityKindRoutes } from './entity-kinds';
import { entityRoutes } from './entities';
import { gitOpsRoutes } from './gitops';
import { healthAssignmentRoutes } from './health-assignments';
import { healthRoutes } from './health';
import { waitRoutes } from './waits';
import { delayRoutes } from './delays';
import { dwellRoutes } from './dwells';
import { migrationFailureRoutes } from './migration-failures';
import { notificationRoutes } from './notifications';
import { codecRoutes } from './codec';
import { dependencyRoutes } from './dependencies';
import { sessionRoutes } from './session';
import { satelliteRoutes } from './satellites';
import { sloRoutes } from './slos';
import { systemGroupRoutes } from './system-groups';
import { scriptTestRoutes } from './script-test';
import { scriptPackageRoutes } from './script-packages';
import { secretRoutes } from './secrets';
import { hookRoutes } from './hooks';
import { inboundRoutes } from './inbound';
import { incidentRoutes } from './incidents';
import { maintenanceRoutes } from './maintenances';
import { manualRunRoutes } from './manual-runs';
import { diagnosisRoutes } from './diagnosis';
import { operationsRoutes } from './operations';
import { receiveHookRoute } from './receive-hook';
import { pluginListRoutes } from './plugins';
import { registryRoutes } from './registry';
import { runCausesRoutes } from './run-causes';
import { runRetryRoutes } from './run-retries';
import { runScopeRoutes } from './run-scope';
import { runRoutes } from './runs';
import { slackHookRoute } from './slack-hook';
import { statsRoutes } from './stats';
import { streamRoutes } from './streams';
import { systemRoutes } from './systems';
import { templateRoutes } from './templates';
import { tokenRoutes } from './tokens';

/**
 * All routes except documentation routes and plugin routes. Paths with parameters are matched in this order, after
 * inbound routes and paths without parameters. To add a resource, write a file with a function `(deps) → Route[]` and
 * list it here.
 */
export const RESOURCES: readonly ((deps: RouteDeps) => Route[])[] = [
  automationRoutes,
  manualRunRoutes,
  dryRunRoutes,
  automationStatusRoutes,
  automationVersionRoutes,
  automationEvaluationRoutes,
  automationValidationRoutes,
  gitOpsRoutes,
  runRoutes,
  runCausesRoutes,
  runRetryRoutes,
  statsRoutes,
  runScopeRoutes,
  streamRoutes,
  entityRoutes,
  entityHistoryRoutes,
  entityAutomationRoutes,
  entityKindRoutes,
  inboundRoutes,
  alertIngestRoutes,
  alertHookRoutes,
  refusedDeliveryRoutes,
  alertRoutes,
  (deps) => [receiveHookRoute(deps), slackHookRoute(deps)],
  dwellRoutes,
  waitRoutes,
  delayRoutes,
  hookRoutes,
  secretRoutes,
  notificationRoutes,
  scriptTestRoutes,
  scriptPackageRoutes,
  connectionRoutes,
  connectionCallRoutes,
  changeRoutes,
  changeLookupRoutes,
  automationExplainRoutes,
  migrationFailureRoutes,
  systemRoutes,
  systemGroupRoutes,
  dependencyRoutes,
  sloRoutes,
  satelliteRoutes,
  healthAssignmentRoutes,
  healthRoutes,
  incidentRoutes,
  maintenanceRoutes,
  registryRoutes,
  pluginListRoutes,
  templateRoutes,
  tokenRoutes,
  sessionRoutes,
  auditRoutes,
  operationsRoutes,
  codecRoutes,
  diagnosisRoutes,
];
