// Makes the Temporal SDK download its dev server into a directory, and prints the path of the program. This is a
// separate process because the SDK provides no way to stop a download that hangs.
// usage: node scripts/download-temporal.mjs DIRECTORY
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import testing from '@temporalio/testing';
import worker from '@temporalio/worker';

const directory = process.argv[2];
if (directory === undefined) process.exit(2);
worker.Runtime.install({ logger: new worker.DefaultLogger('ERROR') });
try {
  const environment = await testing.TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir: directory } },
  });
  await environment.teardown();
  const program = readdirSync(directory).find((name) => name.startsWith('temporal-sdk-typescript-'));
  if (program === undefined) throw new Error(`the download left no program in ${directory}`);
  console.log(join(directory, program));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
