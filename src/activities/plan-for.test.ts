import { ActionStep, type ProviderAction } from '../domain/definition/action';
import { createRegistry } from '../domain/registry/registry';
import type { Action } from '../integrations/contract';
import { createPlugins } from '../integrations/plugins';
import { createEgress } from '../edges/egress/egress';
import { executionOf } from './plan-for';

const registry = createRegistry<Action>(createPlugins({ egress: createEgress({ allow: [] }) }));
const plan = (action: string, timeout_seconds?: number) =>
  executionOf({ registry })(ActionStep.parse({ action, timeout_seconds }) as ProviderAction).execution;

it.each<[string, number | undefined, string]>([
  ['incident.create', undefined, 'transaction'],
  ['integration-webhook.send', undefined, 'short'],
  ['integration-webhook.send', 6, 'long'],
  ['integration-jira.create_issue', undefined, 'long'],
  ['integration-jira.create_issue', 5, 'short'],
  ['integration-script.run_shell', undefined, 'long'],
  // A cancellation must kill the script at once, which is possible only in a normal activity.
  ['integration-script.run_shell', 2, 'long'],
  ['integration-ssh.run', 2, 'long'],
])('%s with timeout_seconds %s is executed as %s', (action, seconds, execution) => {
  expect(plan(action, seconds)).toBe(execution);
});
