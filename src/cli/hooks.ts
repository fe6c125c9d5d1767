import { Option, type Command } from 'commander';
import { text as readAll } from 'node:stream/consumers';
import { z } from 'zod';
import { HOOK_SCHEMES } from '../domain/hooks/scheme-names';
import { connect } from './client/connect';
import { readJsonArgument } from './json-argument';
import { createOutput, JSON_OPTION } from './print/output';
import { Row, text, time, valueText } from './resource/columns';
import { examples, listOptions, printList, type ListOptions } from './resource/list';
import { printOne } from './resource/one';
import { UsageError } from './usage-error';

const PATH = '/hooks';
const LISTING = {
  path: PATH,
  empty: 'No hooks yet.',
  columns: [
    text('NAME', 'name'),
    text('SCHEME', 'scheme'),
    { title: 'SECRETS', cell: ({ secrets }: Row) => valueText(Array.isArray(secrets) ? secrets.length : 0) },
    time('CHANGED', 'updatedAt'),
    text('HEADER', 'header'),
  ],
};

interface CreateOptions {
  scheme: string;
  header?: string;
  options?: string;
  json?: true;
}

/** Configures `fermata hooks`. */
export function configure(command: Command): void {
  listOptions(command.enablePositionalOptions().argument('[hook]', 'name of a hook: show only this one'));
  examples(
    command,
    'fermata hooks',
    'fermata hooks deploys',
    'fermata hooks create deploys --scheme github < secret.txt',
    'fermata hooks rm deploys',
  ).action((name: string | undefined, options: ListOptions) =>
    name === undefined ? printList(LISTING, options) : show(name, options.json),
  );
  const create = command
    .command('create')
    .description('create a hook; its secret is read from standard input, without its last line break')
    .argument('<name>', 'last part of the address that senders post to')
    .addOption(new Option('--scheme <scheme>', 'how senders are verified').choices(HOOK_SCHEMES).makeOptionMandatory())
    .option('--header <header>', 'header with the secret or signature')
    .option('--options <json>', 'further fields of the hook, such as alert: JSON or @FILE')
    .option(...JSON_OPTION);
  examples(
    create,
    'fermata hooks create deploys --scheme github < secret.txt',
    'fermata hooks create internal --scheme none',
  ).action((name: string, options: CreateOptions) => add(name, options));
  const rm = command
    .command('rm')
    .description('remove a hook; later requests to it are refused')
    .argument('<hook>', 'name of the hook')
    .option(...JSON_OPTION);
  examples(rm, 'fermata hooks rm deploys').action(async (name: string, { json }: { json?: true }) => {
    await connect().send('DELETE', `${PATH}/${encodeURIComponent(name)}`, z.unknown());
    if (json) createOutput().json({ name, deleted: true });
    else createOutput().line(`hook "${name}" is removed`);
  });
}

async function show(name: string, json: true | undefined): Promise<void> {
  const client = connect();
  const hook = await client.get(`${PATH}/${encodeURIComponent(name)}`, Row);
  printOne(hook, `Hook ${name}`, json);
  if (!json) createOutput().line(`  senders post to ${client.url}/api/v1${PATH}/${encodeURIComponent(name)}`);
}

async function add(name: string, { scheme, header, options, json }: CreateOptions): Promise<void> {
  const further = options === undefined ? {} : Row.safeParse(readJsonArgument(options, '--options')).data;
  if (further === undefined) throw new UsageError('--options must be a JSON object.');
  const secret = scheme === 'none' || scheme === 'sns' ? '' : (await readAll(process.stdin)).replace(/\r?\n$/, '');
  const body = { name, scheme, ...(secret !== '' && { secrets: [secret] }), ...(header && { header }), ...further };
  const hook = await connect().send('POST', PATH, Row, { body: { json: body } });
  printOne(hook, `Hook ${name}`, json);
}
