import type { AnyConnectionType } from '../../integrations/connections/connection-type';
import type { Plugin } from '../../integrations/contract';
import { acknowledgeAction } from './actions/acknowledge';
import { createSilenceAction } from './actions/silence';
import { createUnsilenceAction } from './actions/unsilence';
import { alertKind } from './alert-entity';
import type { RemoteSilences } from './remote-silences';
import { alertTriggers } from './triggers';

interface AlertPluginDeps {
  remoteSilences: RemoteSilences;
  connectionTypes: readonly AnyConnectionType[];
}

/** Creates the plugin for alerts from monitoring systems. */
export function createAlertPlugin({ remoteSilences, connectionTypes }: AlertPluginDeps): Plugin {
  return {
    id: 'alert',
    triggers: alertTriggers,
    actions: [acknowledgeAction, createSilenceAction(remoteSilences), createUnsilenceAction(remoteSilences)],
    entityKinds: [alertKind],
    connectionTypes,
  };
}
