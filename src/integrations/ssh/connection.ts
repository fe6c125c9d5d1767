import type { Egress } from '../../edges/egress/egress';
import type { ConnectionType } from '../connections/connection-type';
import { SshConnection } from './account';
import { withSession } from './session';

/** Creates the connection type `ssh`. Its test logs in to every host. */
export function createSshConnectionType(egress: Egress): ConnectionType<SshConnection> {
  return {
    id: 'ssh',
    displayName: 'SSH',
    configSchema: SshConnection,
    addressFields: ['host', 'hosts', 'port'],
    async test(config, call) {
      const all = [...new Set([config.host, ...config.hosts])];
      for (const host of all) await withSession(egress, config, { ...call, host }, () => Promise.resolve());
      return `Connected to ${all.length === 1 ? config.host : `${all.length} hosts`} as ${config.user}.`;
    },
    options: {
      host: ({ host, hosts }) =>
        Promise.resolve([...new Set([host, ...hosts])].map((name) => ({ value: name, label: name }))),
    },
  };
}
