import type { Command } from 'commander';
import { z } from 'zod';
import type { ApiClient } from './client';
import { connect } from './client/connect';
import { readJsonArgument } from './json-argument';
import { createOutput, JSON_OPTION } from './print/output';
import { Row, text, time } from './resource/columns';
import { examples, listOptions, printList, type ListOptions } from './resource/list';
import { byName, printOne } from './resource/one';
import { UsageError } from './usage-error';

const PATH = '/connections';
const LISTING = {
  path: PATH,
  empty: 'No connections yet.',
  columns: [text('ID', 'id'), text('TYPE', 'type'), time('CHANGED', 'updatedAt'), text('NAME', 'name')],
};
const TYPES = {
  path: '/connection-types',
  empty: 'No types.',
  columns: [text('TYPE', 'id'), text('OPTIONS', 'options'), text('NAME', 'displayName')],
};
const Tested = z.looseObject({ ok: z.boolean(), message: z.string() });

interface TestOptions {
  type?: string;
  config?: string;
  json?: true;
}

/** Configures `fermata connections`. */
export function configure(command: Command): void {
  listOptions(
    command.enablePositionalOptions().argument('[connection]', 'name or id of a connection: show only this one'),
  );
  examples(
    command,
    'fermata connections',
    'fermata connections create "Ops Jira" --type jira --config @jira.json',
    'fermata connections test "Ops Jira"',
  ).action(async (nameOrId: string | undefined, options: ListOptions) => {
    if (nameOrId === undefined) return printList(LISTING, options);
    const row = await byName(connect(), PATH, nameOrId);
    printOne(row, `Connection ${String(row['name'])}`, options.json);
  });
  const types = command.command('types').description('list types of connections');
  listOptions(types, 50, '');
  examples(types, 'fermata connections types').action((options: ListOptions) => printList(TYPES, options));
  configureCreate(command.command('create'));
  configureTest(command.command('test'));
  const rm = command
    .command('rm')
    .description('remove a connection; later steps that refer to it fail')
    .argument('<connection>', 'name or id')
    .option(...JSON_OPTION);
  examples(rm, 'fermata connections rm "Ops Jira"').action(async (nameOrId: string, { json }: { json?: true }) => {
    const client = connect();
    const { id, name } = await byName(client, PATH, nameOrId);
    await client.send('DELETE', `${PATH}/${String(id)}`, z.unknown());
    if (json) createOutput().json({ id, name, deleted: true });
    else createOutput().line(`connection "${String(name)}" is removed`);
  });
}

function configureCreate(command: Command): void {
  command
    .description('create a connection')
    .argument('<name>', 'name of the connection')
    .requiredOption('--type <type>', 'type of the connection, as `fermata connections types` lists it')
    .requiredOption('--config <json>', 'configuration of the connection: JSON, @FILE, or - for standard input')
    .option(...JSON_OPTION);
  examples(
    command,
    'fermata connections create "Ops Jira" --type jira --config @jira.json',
    `fermata connections create Pager --type webhook --config '{"headers":{"x-key":"\${{ secrets.PAGER }}"}}'`,
  ).action(async (name: string, { type, config, json }: { type: string; config: string; json?: true }) => {
    const body = { name, type, config: readJsonArgument(config, '--config') };
    const row = await connect().send('POST', PATH, Row, { body: { json: body } });
    printOne(row, `Connection ${name}`, json);
  });
}

function configureTest(command: Command): void {
  command
    .description('test a connection; exit code 1 when its credentials are refused')
    .argument('[connection]', 'name or id of a connection; without it, test --type and --config without storing them')
    .option('--type <type>', 'type of the configuration in --config')
    .option('--config <json>', 'configuration to test: JSON, @FILE, or - for standard input')
    .option(...JSON_OPTION);
  examples(
    command,
    'fermata connections test "Ops Jira"',
    'fermata connections test --type jira --config @jira.json',
  ).action(async (nameOrId: string | undefined, { json, ...given }: TestOptions) => {
    const client = connect();
    const tested = await test(client, nameOrId, given);
    const output = createOutput();
    if (json) output.json(tested);
    else output.line(`${tested.ok ? 'ok' : 'failed'}  ${tested.message}`);
    if (!tested.ok) process.exitCode = 1;
  });
}

async function test(client: ApiClient, nameOrId: string | undefined, { type, config }: Omit<TestOptions, 'json'>) {
  if (type !== undefined && config !== undefined) {
    const given = nameOrId === undefined ? {} : { connectionId: idOf(await byName(client, PATH, nameOrId)) };
    const json = { type, config: readJsonArgument(config, '--config'), ...given };
    return client.send('POST', `${PATH}/test`, Tested, { body: { json } });
  }
  if (nameOrId === undefined) throw new UsageError('Give the name or id of a connection, or --type and --config.');
  return client.send('POST', `${PATH}/${idOf(await byName(client, PATH, nameOrId))}/test`, Tested);
}

const idOf = ({ id }: Row) => String(id);
