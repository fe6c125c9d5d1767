import type { Command } from 'commander';
import type { ApiClient } from '../client';
import { connect } from '../client/connect';
import { ApiProblem } from '../client/problem';
import { createOutput } from '../print/output';
import { printOne } from './one';
import { Row } from './columns';
import { examples, listOptions, printList, type Listing, type ListOptions } from './list';

const ALL = 200;

interface RegistryCommand {
  listing: Listing;
  /** Name of a single item, such as `action`. */
  singular: string;
  /** An id for the examples. */
  example: string;
  /** Fields that contain JSON Schemas. They are printed below the other fields. */
  schemas: readonly string[];
}

/** Configures a command that lists triggers or actions, or shows one of them with its schemas. */
export function configureRegistry(command: Command, { listing, singular, example, schemas }: RegistryCommand): Command {
  listOptions(command.argument(`[${singular}]`, 'id: show this one with its schemas'), ALL, '');
  const { path } = listing;
  const name = path.slice(1);
  return examples(command, `fermata ${name}`, `fermata ${name} ${example}`).action(
    async (id: string | undefined, options: ListOptions) => {
      if (id === undefined) return printList(listing, options);
      const row = await entryOf(connect(), path, id, singular);
      const output = createOutput();
      if (options.json) return output.json(row);
      const facts = Object.entries(row).filter(([key]) => !schemas.includes(key));
      printOne(Object.fromEntries(facts), `${String(row['displayName'])}`, undefined, output);
      for (const key of schemas.filter((each) => row[each] !== null && row[each] !== undefined)) {
        output.line(`\n${key}`);
        output.json(row[key]);
      }
    },
  );
}

async function entryOf(client: ApiClient, path: string, id: string, singular: string): Promise<Row> {
  const found = (await client.list(path, Row)).find((row) => row['id'] === id);
  if (found !== undefined) return found;
  throw new ApiProblem(`The ${singular} "${id}" does not exist; "fermata ${path.slice(1)}" lists all.`, {
    status: 404,
  });
}
