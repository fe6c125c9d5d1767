import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { sha256 } from '../domain/sha256';
import { fileProblem } from './read-text-file';
import { connect } from './client/connect';
import { ApiProblem } from './client/problem';
import { createOutput, JSON_OPTION } from './print/output';
import { Row, text, time } from './resource/columns';
import { examples, listOptions, printList, type ListOptions } from './resource/list';
import { printOne, wholeId } from './resource/one';
import { UsageError } from './usage-error';

const PATH = '/script-packages';
const LISTING = {
  path: PATH,
  empty: 'No packages. Scripts can use only what Node and the sandbox provide.',
  columns: [
    text('ID', 'id'),
    text('NAME', 'name'),
    text('VERSION', 'version'),
    text('BYTES', 'bytes'),
    time('ADDED', 'createdAt'),
    text('SHA256', 'sha256'),
  ],
};

interface AddOptions {
  name: string;
  version: string;
  sha256?: string;
  json?: true;
}

/** Configures `fermata packages`. */
export function configure(command: Command): void {
  listOptions(command.enablePositionalOptions());
  examples(
    command,
    'fermata packages',
    'npm pack lodash@4.17.21 && fermata packages add lodash-4.17.21.tgz --name lodash --version 4.17.21',
    'fermata packages rm lodash@4.17.21',
  ).action((options: ListOptions) => printList(LISTING, options));
  const add = command
    .command('add')
    .description('allow scripts to import a package; its archive is uploaded and stored')
    .argument('<archive>', 'file that `npm pack` created')
    .requiredOption('--name <name>', 'name of the package')
    .requiredOption('--version <version>', 'version of the package')
    .option('--sha256 <digest>', 'refuse the archive unless it has this digest')
    .option(...JSON_OPTION);
  examples(add, 'fermata packages add lodash-4.17.21.tgz --name lodash --version 4.17.21').action(
    async (archive: string, { name, version, sha256: expected, json }: AddOptions) => {
      const tarball = contentOf(archive);
      const digest = expected ?? sha256(tarball);
      const body = { name, version, sha256: digest, tarball: tarball.toString('base64') };
      printOne(await connect().send('POST', PATH, Row, { body: { json: body } }), `${name}@${version}`, json);
    },
  );
  const rm = command
    .command('rm')
    .description('remove a package; later scripts that import it fail')
    .argument('<package>', 'package as name@version, or its id')
    .option(...JSON_OPTION);
  examples(rm, 'fermata packages rm lodash@4.17.21').action(async (given: string, { json }: { json?: true }) => {
    const client = connect();
    const rows = await client.list(PATH, Row);
    const named = rows.find(({ name, version }) => given === `${String(name)}@${String(version)}`);
    const id = named === undefined ? await wholeId(client, PATH, given) : String(named['id']);
    if (!rows.some((row) => row['id'] === id)) throw new ApiProblem(`Package "${given}" not found.`, { status: 404 });
    await client.send('DELETE', `${PATH}/${id}`, z.unknown());
    if (json) createOutput().json({ id, deleted: true });
    else createOutput().line(`package ${given} is removed`);
  });
}

/**
 * Returns the contents of a file.
 * @throws {UsageError} when it cannot be read
 */
function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${fileProblem(error)}`);
  }
}
