import { Option, type Command } from 'commander';
import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { loadConfig, requireDatabaseUrl, requireSecretKey } from '../config';
import { appendAudit } from '../db/audit';
import { createDatabase } from '../db/client';
import { resealAll } from '../db/secrets';
import { createCipher } from '../domain/secrets/cipher';
import { connect, CONNECTION_HELP } from './client/connect';
import { createOutput, JSON_OPTION } from './print/output';
import { UsageError } from './usage-error';

const Named = z.array(z.looseObject({ name: z.string() }));
const Secret = z.looseObject({
  name: z.string(),
  version: z.number(),
  updatedAt: z.string(),
  allow: z.record(z.string(), z.array(z.string())).nullable(),
  usedBy: z.record(z.string(), Named),
});

interface SetOptions {
  allowHost?: string[];
  allowGroup?: string[];
  allowAction?: string[];
  allowAutomation?: string[];
  allowAny?: true;
  json?: true;
}

const Written = Secret.extend({ warnings: z.array(z.looseObject({ message: z.string() })) });

/** Returns an option that can be given several times. */
function allowOption(flags: string, description: string): Option {
  return new Option(`${flags}`, `${description} (can be repeated)`).argParser((value: string, before?: string[]) => [
    ...(before ?? []),
    value,
  ]);
}

/**
 * Returns the binding that the options describe. Undefined keeps the current binding, and null removes it.
 * @throws {UsageError} when --allow-any is combined with other --allow options
 */
function bindingOf(options: SetOptions): Record<string, string[]> | null | undefined {
  const { allowHost: hosts, allowGroup: groups, allowAction: actions, allowAutomation: automations } = options;
  const lists = Object.entries({ hosts, groups, actions, automations }).flatMap(([key, list]) =>
    list === undefined ? [] : [[key, list] as const],
  );
  if (options.allowAny && lists.length > 0)
    throw new UsageError('--allow-any removes the binding and cannot be combined with other --allow options.');
  if (options.allowAny) return null;
  return lists.length === 0 ? undefined : Object.fromEntries(lists);
}

function allowText(allow: Record<string, string[]> | null): string {
  if (allow === null) return 'anywhere';
  return Object.entries(allow)
    .map(([key, list]) => `${key}: ${list.join(', ')}`)
    .join('; ');
}

function usesText(usedBy: Record<string, { name: string }[]>): string {
  const names = Object.values(usedBy).flatMap((list) => list.map(({ name }) => name));
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

/** Configures `fermata secret`. */
export function configure(command: Command): void {
  command.addHelpText('after', '\nExamples:\n  fermata secret set PAGER_TOKEN < token.txt\n');
  for (const add of [addSet, addList, addRemove, addRotate]) add(command);
}

function addSet(command: Command): void {
  command
    .command('set')
    .description('set a secret; the value is read from standard input, without its last line break')
    .argument('<name>', 'name of the secret, as in ${{ secrets.NAME }}')
    .addOption(
      allowOption('--allow-host <host>', 'host that the secret may be sent to, or a pattern such as *.example.com'),
    )
    .addOption(allowOption('--allow-group <group>', 'group of automations that may use the secret'))
    .addOption(allowOption('--allow-action <action>', 'action that may use the secret, e.g. integration-webhook.send'))
    .addOption(allowOption('--allow-automation <automation>', 'id or name of an automation that may use the secret'))
    .option('--allow-any', 'allow any use; without --allow options, the allowed uses stay unchanged')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `\nExamples:\n  fermata secret set PAGER_TOKEN < token.txt\n  pass show pager | fermata secret set PAGER_TOKEN\n  fermata secret set PAGER_TOKEN --allow-host events.pagerduty.com < token.txt\n${CONNECTION_HELP}`,
    )
    .action(async (name: string, options: SetOptions) => {
      const { json } = options;
      const allow = bindingOf(options);
      const value = (await text(process.stdin)).replace(/\r?\n$/, '');
      if (value === '') throw new UsageError('Standard input is empty: pipe the value into the command.');
      const written = await connect().send('PUT', `/secrets/${encodeURIComponent(name)}`, Written, {
        body: { json: { value, ...(allow !== undefined && { allow }) } },
      });
      if (json) return createOutput().json(written);
      createOutput().line(`secret "${written.name}" is at version ${written.version}`);
      for (const { message } of written.warnings) console.error(`warning: ${message}`);
    });
}

function addList(command: Command): void {
  command
    .command('list')
    .description('list names of secrets; values are never shown')
    .option(...JSON_OPTION)
    .addHelpText('after', `\nExamples:\n  fermata secret list\n${CONNECTION_HELP}`)
    .action(async ({ json }: { json?: true }) => {
      const output = createOutput();
      const items = await connect().list('/secrets', Secret);
      if (json) return output.json(items);
      if (items.length === 0) return output.line('No secrets yet.');
      output.table(
        ['NAME', 'VERSION', 'SET', 'ALLOWED', 'USED BY'],
        items.map(({ name, version, updatedAt, allow, usedBy }) => [
          ...[name, String(version), updatedAt.slice(0, 16).replace('T', ' ')],
          ...[allowText(allow), usesText(usedBy)],
        ]),
      );
    });
}

function addRemove(command: Command): void {
  command
    .command('rm')
    .description('delete a secret; later steps that refer to it fail')
    .argument('<name>')
    .option(...JSON_OPTION)
    .addHelpText('after', `\nExamples:\n  fermata secret rm PAGER_TOKEN\n${CONNECTION_HELP}`)
    .action(async (name: string, { json }: { json?: true }) => {
      await connect().send('DELETE', `/secrets/${encodeURIComponent(name)}`, z.unknown());
      if (json) createOutput().json({ name, deleted: true });
      else createOutput().line(`secret "${name}" is deleted`);
    });
}

function addRotate(command: Command): void {
  command
    .command('rotate')
    .description('encrypt all secrets again with the first key of FERMATA_SECRET_KEY')
    .addHelpText(
      'after',
      `
To change the key: set FERMATA_SECRET_KEY=NEW,OLD and restart api and worker; run this command; then restart them with
FERMATA_SECRET_KEY=NEW. The command connects to the database (DATABASE_URL), not to the API.

Examples:
  FERMATA_SECRET_KEY=NEW,OLD fermata secret rotate
`,
    )
    .action(async () => {
      const config = loadConfig(process.env, ['DATABASE_URL', 'FERMATA_SECRET_KEY']);
      const [first, ...others] = requireSecretKey(config);
      if (first === undefined) return;
      const [all, newest] = [createCipher([first, ...others]), createCipher([first])];
      const { keyId } = newest.seal('', '');
      const database = createDatabase(requireDatabaseUrl(config), { max: 1, applicationName: 'fermata secret rotate' });
      try {
        const count = await database.db.transaction(async (tx) => {
          await appendAudit(tx, {
            ...{
              at: new Date(),
              actor: { type: 'user', id: process.env['USER'] ?? 'command line' },
              action: 'secrets.rotate',
            },
            ...{ target: null, outcome: 'success', remoteAddress: null },
            detail: { status: 200, requestId: randomUUID() },
          });
          return resealAll(tx, (name, sealed) =>
            sealed.keyId === keyId ? null : newest.seal(name, all.open(name, sealed)),
          );
        });
        createOutput().line(`${count} values were encrypted with the first key`);
      } finally {
        await database.close();
      }
    });
}
