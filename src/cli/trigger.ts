import type { Command } from 'commander';
import { z } from 'zod';
import { connect, CONNECTION_HELP } from './client/connect';
import { findAutomation } from './client/find-automation';
import { followRun } from './follow-runs';
import { readJsonArgument } from './json-argument';
import { createOutput, JSON_OPTION } from './print/output';

const Started = z.looseObject({ runId: z.string() });

interface Options {
  payload?: string;
  trigger?: string;
  contextKey?: string;
  conditions?: true;
  follow?: true;
  json?: true;
}

/** Configures `fermata trigger`. */
export function configure(command: Command): void {
  command
    .argument('<automation>', 'name or id')
    .option('-p, --payload <json>', 'trigger.payload of the run: JSON, @FILE, or - for standard input')
    .option('-t, --trigger <id>', 'id of the trigger that the run starts with; the payload must match its schema')
    .option(
      '-k, --context-key <key>',
      'context key of the run; default: the key that the trigger derives from the payload',
    )
    .option('--conditions', 'check the conditions; by default, runs started manually skip them')
    .option('-f, --follow', 'print the steps until the run ends; exit code 1 unless it succeeded')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Starts a run manually, even if the automation is disabled. Config, filter, "window" and "for" of the trigger do not apply.
The mode applies: with "single", the call is refused while a run is active.

Examples:
  fermata trigger "Alert opens an incident" --trigger unhealthy --follow \\
    --payload '{"systemId": "checkout", "previousStatus": "healthy", "newStatus": "unhealthy", "healthyChecks": 0,
      "totalChecks": 1, "timestamp": "2026-11-20T09:15:00Z"}'
  fermata trigger nightly-report --payload @event.json
${CONNECTION_HELP}`,
    )
    .action(async (nameOrId: string, options: Options) => {
      const { payload, trigger, contextKey, conditions, follow, json } = options;
      const body = {
        ...(payload === undefined ? {} : { payload: readJsonArgument(payload, '--payload') }),
        ...(trigger === undefined ? {} : { triggerId: trigger }),
        ...(contextKey === undefined ? {} : { contextKey }),
        ...(conditions ? { skipConditions: false } : {}),
      };
      const client = connect();
      const output = createOutput();
      const { id, name } = await findAutomation(client, nameOrId);
      const started = await client.send('POST', `/automations/${id}/runs`, Started, { body: { json: body } });
      if (follow) return followRun(client, started.runId, output, options);
      if (json) return output.json(started);
      output.line(`${started.runId}  ${name}`);
    });
}
