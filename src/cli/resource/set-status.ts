import type { Command } from 'commander';
import { Automation } from '../client/answers';
import { connect } from '../client/connect';
import { findAutomation } from '../client/find-automation';
import { createOutput } from '../print/output';
import { plain } from '../print/paint';

/** Enables or disables an automation and prints its status. Also works for automations that are managed from Git. */
export async function setStatus(
  nameOrId: string,
  verb: 'enable' | 'disable',
  { json, cancelRuns }: { json?: true; cancelRuns?: true },
): Promise<void> {
  const client = connect();
  const { id } = await findAutomation(client, nameOrId);
  const automation = await client.send('POST', `/automations/${id}/${verb}`, Automation, { query: { cancelRuns } });
  const output = createOutput();
  if (json) return output.json(automation);
  output.line(`${automation.id}  ${automation.status}  ${plain(automation.name)}`);
}

/** Adds the argument of `enable` and `disable`. */
export const automationArgument = (command: Command): Command => command.argument('<automation>', 'name or id');
