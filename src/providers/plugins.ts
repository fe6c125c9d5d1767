import { automationPlugin } from './automation/plugin';
import { catalogPlugin } from './catalog/plugin';
import type { Plugin } from './contract';
import { healthcheckPlugin } from './healthcheck/plugin';
import { incidentPlugin } from './incident/plugin';

/** All built-in plugins. */
export const plugins: readonly Plugin[] = [automationPlugin, healthcheckPlugin, incidentPlugin, catalogPlugin];
