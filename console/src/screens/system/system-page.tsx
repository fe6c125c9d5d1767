import { useMay } from '../../api/session';
import { Empty, Page } from '../../ui/page';
import { Tabs } from '../../ui/tabs';
import { Audit } from './audit';
import { Catalogue } from './catalogue';
import { DeadLetters, RefusedDeliveries } from './dead-letters';
import { Settings } from './settings';
import { Tokens } from './tokens';

/** Shows tokens, the audit log, available triggers and actions, current settings, and dead letters, each in a tab. */
export function SystemPage() {
  const admin = useMay('admin');
  const only = () => (
    <div className="panel">
      <Empty>Only administrators can see this.</Empty>
    </div>
  );
  return (
    <Page title="Access and system">
      <Tabs
        tabs={[
          { id: 'tokens', name: 'Tokens and sessions', body: () => (admin ? <Tokens /> : only()) },
          { id: 'audit', name: 'Audit', body: () => (admin ? <Audit /> : only()) },
          { id: 'triggers', name: 'Triggers', body: () => <Catalogue name="triggers" /> },
          { id: 'actions', name: 'Actions', body: () => <Catalogue name="actions" /> },
          { id: 'settings', name: 'Settings', body: () => (admin ? <Settings /> : only()) },
          { id: 'dead', name: 'Dead letters', body: () => <DeadLetters /> },
          { id: 'refused', name: 'Refused deliveries', body: () => <RefusedDeliveries /> },
        ]}
      />
    </Page>
  );
}
