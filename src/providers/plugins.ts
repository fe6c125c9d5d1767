import { automationPlugin } from './automation/plugin';
import { catalogPlugin } from './catalog/plugin';
import type { Plugin } from './contract';
import type { Egress } from './egress/egress';
import { healthcheckPlugin } from './healthcheck/plugin';
import { incidentPlugin } from './incident/plugin';
import { createJiraPlugin } from './jira/plugin';
import { maintenancePlugin } from './maintenance/plugin';
import { createWebhookPlugin } from './webhook/plugin';

/** What providers reach the outside world with. */
export interface PluginDeps {
  egress: Egress;
}

/** All built-in plugins. */
export function createPlugins({ egress }: PluginDeps): readonly Plugin[] {
  return [
    automationPlugin,
    healthcheckPlugin,
    incidentPlugin,
    maintenancePlugin,
    catalogPlugin,
    createWebhookPlugin({ egress }),
    createJiraPlugin({ egress }),
  ];
}
