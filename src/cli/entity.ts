import type { Command } from 'commander';
import { Entity } from './client/answers';
import { connect, CONNECTION_HELP } from './client/connect';
import { readJsonArgument } from './json-argument';
import { createOutput, JSON_OPTION, type Output } from './print/output';
import { instantText } from './print/time-text';
import { resultText } from './print/timeline';

interface Options {
  json?: true;
  merge?: true;
}

/** Configures `fermata entity`. */
export function configure(command: Command): void {
  command.addHelpText('after', '\nExamples:\n  fermata entity get health checkout\n');
  command
    .command('get')
    .description('print the state of one entity, or of all entities of a kind')
    .argument('<kind>', 'kind of the entity, e.g. health or alert; `fermata kinds` lists all')
    .argument('[id]', 'id of the entity')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `\nExamples:\n  fermata entity get health\n  fermata entity get health checkout\n${CONNECTION_HELP}`,
    )
    .action(async (kind: string, id: string | undefined, options: Options) => get(kind, id, options));
  command
    .command('set')
    .description('set the state of an entity of a custom kind')
    .argument('<kind>', 'custom kind, as `fermata kinds set` creates it')
    .argument('<id>', 'id of the entity')
    .argument('<state>', 'JSON, @FILE, or - for standard input')
    .option('--merge', 'merge into the state (RFC 7396) instead of replacing it')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `\nExamples:\n  fermata entity set deployment checkout '{"version":"1.4.2","finishedAt":"2026-11-20T09:00:00Z"}'\n  fermata entity set deployment checkout '{"version":"1.4.3"}' --merge\n${CONNECTION_HELP}`,
    )
    .action(async (kind: string, id: string, state: string, options: Options) => set(kind, id, state, options));
}

async function get(kind: string, id: string | undefined, { json }: Options): Promise<void> {
  const client = connect();
  const output = createOutput();
  const path = `/entities/${encodeURIComponent(kind)}`;
  if (id !== undefined) return print(await client.get(`${path}/${encodeURIComponent(id)}`, Entity), json, output);
  const items = await client.list(path, Entity);
  if (json) return output.json(items);
  if (items.length === 0) return output.line(`No entities of the kind ${kind}.`);
  output.table(
    ['ID', 'UPDATED (UTC)', 'STATE'],
    items.map((item) => [item.id, instantText(item.updatedAt), resultText(item.state)]),
  );
}

async function set(kind: string, id: string, state: string, { json, merge }: Options): Promise<void> {
  const body = { json: readJsonArgument(state, 'The state') };
  const path = `/entities/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`;
  const entity = await connect().send(merge ? 'PATCH' : 'PUT', path, Entity, { body });
  print(entity, json, createOutput());
}

function print(entity: Entity, json: true | undefined, output: Output): void {
  if (json) return output.json(entity);
  output.line(`${entity.kind} ${entity.id}, updated ${instantText(entity.updatedAt)} UTC`);
  output.json(entity.state);
}
