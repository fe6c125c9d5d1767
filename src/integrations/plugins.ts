import { automationPlugin } from '../domains/automation/plugin';
import { catalogPlugin } from '../domains/catalog/plugin';
import type { Plugin } from './contract';
import type { Egress } from '../edges/egress/egress';
import { dependencyPlugin } from '../domains/dependency/plugin';
import { satellitePlugin } from '../domains/satellite/plugin';
import { sloPlugin } from '../domains/slo/plugin';
import { healthcheckPlugin } from '../domains/healthcheck/plugin';
import { incidentPlugin } from '../domains/incident/plugin';
import { createJiraPlugin } from './jira/plugin';
import { maintenancePlugin } from '../domains/maintenance/plugin';
import { connectionTypesOf } from './connections/connection-type';
import { createNotificationPlugin } from '../domains/notification/plugin';
import { createScriptPlugin } from './script/plugin';
import { noPackages, type PackageSource } from './script/packages';
import type { ScriptPolicy } from './script/sandbox';
import { createTeamsPlugin } from './teams/plugin';
import { createWebexPlugin } from './webex/plugin';
import { createWebhookPlugin } from './webhook/plugin';

/** What providers reach the outside world with. */
export interface PluginDeps {
  egress: Egress;
  /** How scripts are run; default: in a sandbox, without network. */
  scripts?: ScriptPolicy;
  /** Where packages of scripts come from; default: there are none. */
  packages?: PackageSource;
  /** Plugins of the user's own, from `loadPlugins`. */
  own?: readonly Plugin[];
}

/** All built-in plugins, and those of the user's own. */
export function createPlugins({
  egress,
  scripts = { sandbox: 'bubblewrap', network: false },
  packages = noPackages,
  own = [],
}: PluginDeps): readonly Plugin[] {
  const plugins: Plugin[] = [
    automationPlugin,
    healthcheckPlugin,
    incidentPlugin,
    maintenancePlugin,
    catalogPlugin,
    dependencyPlugin,
    sloPlugin,
    satellitePlugin,
    createWebhookPlugin({ egress }),
    createJiraPlugin({ egress }),
    createScriptPlugin(scripts, packages),
    createTeamsPlugin({ egress }),
    createWebexPlugin({ egress }),
    createNotificationPlugin({ egress, types: () => connectionTypesOf(plugins) }),
    ...own,
  ];
  return plugins;
}
