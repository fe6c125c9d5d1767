import { z } from 'zod';
import type { ConnectionType } from '../connections/connection-type';
import type { AlertmanagerClient } from './client';
import { AlertmanagerConnection } from './connection-config';

const Status = z.looseObject({ versionInfo: z.looseObject({ version: z.string() }) });

/** Creates the connection type `alertmanager`. Its test reads Alertmanager's version. */
export function createAlertmanagerConnectionType(call: AlertmanagerClient): ConnectionType<AlertmanagerConnection> {
  return {
    id: 'alertmanager',
    displayName: 'Alertmanager',
    configSchema: AlertmanagerConnection,
    addressFields: ['url'],
    async test(config, how) {
      const { versionInfo } = await call(config, how, { method: 'GET', path: '/status', answer: Status });
      return `Connected to Alertmanager ${versionInfo.version}.`;
    },
    options: {},
  };
}
