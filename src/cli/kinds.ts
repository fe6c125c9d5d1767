import type { Command } from 'commander';
import { z } from 'zod';
import { connect } from './client/connect';
import { ApiProblem } from './client/problem';
import { readJsonArgument } from './json-argument';
import { createOutput, JSON_OPTION } from './print/output';
import { Row, text } from './resource/columns';
import { examples, listOptions, printList, type ListOptions } from './resource/list';
import { printOne } from './resource/one';

const PATH = '/entity-kinds';
const Sample = z.looseObject({ state: z.unknown() });
const LISTING = {
  path: PATH,
  empty: 'No kinds.',
  columns: [
    text('KIND', 'kind'),
    text('SOURCE', 'source'),
    text('REACTIVE', 'reactive'),
    {
      title: 'FIELDS',
      cell: ({ schema }: Row) => Object.keys(Row.catch({}).parse(Row.catch({}).parse(schema)['properties'])).join(', '),
    },
  ],
};

interface SetOptions {
  description?: string;
  quiet?: true;
  json?: true;
}

/** Configures `fermata kinds`. */
export function configure(command: Command): void {
  listOptions(
    command.enablePositionalOptions().argument('[kind]', 'name of a kind: show only this one, with its schema'),
    50,
    ', sorted by name',
  );
  examples(
    command,
    'fermata kinds',
    'fermata kinds health',
    `fermata kinds set deployment '{"type":"object","properties":{"version":{"type":"string"}}}'`,
  ).action(async (kind: string | undefined, options: ListOptions) => {
    if (kind === undefined) return printList(LISTING, options);
    const found = (await connect().list(PATH, Row)).find((row) => row['kind'] === kind);
    if (found === undefined) throw new ApiProblem(`Kind "${kind}" not found; "fermata kinds" lists them.`);
    print(found, options.json);
  });
  const sample = command
    .command('sample')
    .description('print an example state of a kind, generated from its schema')
    .argument('<kind>', 'name of the kind');
  examples(sample, 'fermata kinds sample health').action(async (kind: string) => {
    const path = `${PATH}/${encodeURIComponent(kind)}/sample`;
    createOutput().json((await connect().get(path, Sample)).state);
  });
  const set = command
    .command('set')
    .description('create or replace a custom kind')
    .argument('<kind>', 'name of the kind')
    .argument('<schema>', 'JSON Schema of the state: JSON, @FILE, or - for standard input')
    .option('--description <text>', 'what the entities of the kind are')
    .option('--quiet', 'do not trigger automations when its entities change; expressions can still read them')
    .option(...JSON_OPTION);
  examples(set, 'fermata kinds set deployment @deployment.schema.json --description "What runs where"').action(
    async (kind: string, schema: string, { description, quiet, json }: SetOptions) => {
      const body = {
        ...{ schema: readJsonArgument(schema, 'The schema'), reactive: quiet !== true },
        ...(description !== undefined && { description }),
      };
      print(await connect().send('PUT', `${PATH}/${encodeURIComponent(kind)}`, Row, { body: { json: body } }), json);
    },
  );
}

function print({ schema, ...row }: Row, json: true | undefined): void {
  const output = createOutput();
  if (json) return output.json({ ...row, schema });
  printOne(row, `Kind ${String(row['kind'])}`, undefined, output);
  output.json(schema);
}
