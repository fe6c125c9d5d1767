import { createAlertPlugin } from '../domains/alert/plugin';
import { opsgenieEventsPlugin, pagerdutyEventsPlugin } from '../domains/alert/resolved-elsewhere';
import { createAlertmanagerClient } from './alertmanager/client';
import { createAlertmanagerConnectionType } from './alertmanager/connection';
import { createRemoteSilences } from './alertmanager/silences';
import { automationPlugin } from '../domains/automation/plugin';
import { catalogPlugin } from '../domains/catalog/plugin';
import type { Plugin } from './contract';
import type { Egress } from '../edges/egress/egress';
import { dependencyPlugin } from '../domains/dependency/plugin';
import { satellitePlugin } from '../domains/satellite/plugin';
import { sloPlugin } from '../domains/slo/plugin';
import { healthcheckPlugin } from '../domains/healthcheck/plugin';
import { incidentPlugin } from '../domains/incident/plugin';
import { githubEventsPlugin } from './github/events';
import { createGithubPlugin } from './github/plugin';
import { gitlabEventsPlugin } from './gitlab/events';
import { createGitlabPlugin } from './gitlab/plugin';
import { createHttpPlugin } from './http/plugin';
import { createJiraPlugin } from './jira/plugin';
import { kubernetesEventsPlugin } from './kubernetes/events/plugin';
import { createKubernetesPlugin } from './kubernetes/plugin';
import { maintenancePlugin } from '../domains/maintenance/plugin';
import { connectionTypesOf } from './connections/connection-type';
import { createNotificationPlugin } from '../domains/notification/plugin';
import { createScriptPlugin } from './script/plugin';
import { noPackages } from './script/packages';
import { createScriptRunner, type ScriptRunner } from './script/script-runner';
import { createOpsgeniePlugin } from './opsgenie/plugin';
import { createPagerdutyPlugin } from './pagerduty/plugin';
import { createServicenowPlugin } from './servicenow/plugin';
import { slackEventsPlugin } from './slack/events';
import { createSlackPlugin } from './slack/plugin';
import { createSshPlugin } from './ssh/plugin';
import { createStatuspagePlugin } from './statuspage/plugin';
import { createTeamsPlugin } from './teams/plugin';
import { createWebexPlugin } from './webex/plugin';
import { createWebhookPlugin } from './webhook/plugin';

/** Dependencies of the built-in plugins, and the external plugins. */
export interface PluginDeps {
  egress: Egress;
  /** Runs scripts. Default: runs them in a sandbox without network access or packages. */
  scripts?: ScriptRunner;
  /** External plugins, from `loadPlugins`. */
  own?: readonly Plugin[];
}

/** Returns all built-in plugins, followed by the external plugins. */
export function createPlugins({
  egress,
  scripts = createScriptRunner({
    ...{ egress, packages: noPackages, policy: { sandbox: 'bubblewrap', network: false } },
    limits: { atOnce: 1, maxWaiting: 0, waitMs: 1_000 },
  }),
  own = [],
}: PluginDeps): readonly Plugin[] {
  const alertmanager = createAlertmanagerClient(egress);
  const plugins: Plugin[] = [
    automationPlugin,
    createAlertPlugin({
      remoteSilences: createRemoteSilences(alertmanager),
      connectionTypes: [createAlertmanagerConnectionType(alertmanager)],
    }),
    pagerdutyEventsPlugin,
    opsgenieEventsPlugin,
    healthcheckPlugin,
    incidentPlugin,
    maintenancePlugin,
    catalogPlugin,
    dependencyPlugin,
    sloPlugin,
    satellitePlugin,
    createWebhookPlugin({ egress }),
    githubEventsPlugin,
    createGithubPlugin({ egress }),
    gitlabEventsPlugin,
    createGitlabPlugin({ egress }),
    createHttpPlugin({ egress }),
    createJiraPlugin({ egress }),
    kubernetesEventsPlugin,
    createKubernetesPlugin({ egress }),
    createScriptPlugin(scripts),
    createOpsgeniePlugin({ egress }),
    createPagerdutyPlugin({ egress }),
    createServicenowPlugin({ egress }),
    slackEventsPlugin,
    createSlackPlugin({ egress }),
    createSshPlugin({ egress }),
    createStatuspagePlugin({ egress }),
    createTeamsPlugin({ egress }),
    createWebexPlugin({ egress }),
    createNotificationPlugin({ egress, types: () => connectionTypesOf(plugins) }),
    ...own,
  ];
  return plugins;
}
