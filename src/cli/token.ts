import { Option, type Command } from 'commander';
import { z } from 'zod';
import { connect, CONNECTION_HELP } from './client/connect';
import { createOutput, JSON_OPTION } from './print/output';
import { UsageError } from './usage-error';

const Token = z.looseObject({ id: z.string(), name: z.string(), roles: z.array(z.string()), token: z.string() });

interface Options {
  role: string[];
  expires?: string;
  json?: true;
}

/** Configures `fermata token`. */
export function configure(command: Command): void {
  command.addHelpText('after', '\nExamples:\n  fermata token create alertmanager --role ingest\n');
  command
    .command('create')
    .description('create a token; it is shown only once')
    .argument('<name>', 'name of the token')
    .addOption(
      new Option('-r, --role <role...>', 'role of the token (can be repeated)')
        .choices(['viewer', 'author', 'operator', 'ingest', 'admin'])
        .makeOptionMandatory(),
    )
    .option('--expires <instant>', 'instant at which the token expires, e.g. 2027-01-31T00:00:00Z; default: never')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Prints only the token to standard output.

Examples:
  fermata token create alertmanager --role ingest
  FERMATA_TOKEN=$(fermata token create me --role operator --expires 2027-01-31T00:00:00Z) fermata runs
${CONNECTION_HELP}`,
    )
    .action(async (name: string, { role, expires, json }: Options) => {
      if (expires !== undefined && Number.isNaN(Date.parse(expires))) {
        throw new UsageError(`--expires: "${expires}" is not an instant in ISO 8601, e.g. 2027-01-31T00:00:00Z.`);
      }
      const expiresAt = expires === undefined ? {} : { expiresAt: new Date(expires).toISOString() };
      const body = { name, roles: role, ...expiresAt };
      const token = await connect().send('POST', '/tokens', Token, { body: { json: body } });
      const output = createOutput();
      if (json) return output.json(token);
      output.line(token.token);
      console.error(`token "${token.name}" with ${token.roles.join(', ')}; keep it, it is not shown again`);
    });
}
