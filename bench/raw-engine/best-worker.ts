import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { searchAttributesOf } from '../../src/temporal/search-attributes';
import { createBestActivities } from './best-activities';
import { openRecordedRuns } from './recorded-runs';
import { BEST_WORKER_READY, RawWorkerSettings } from './settings';

/** Number of workflow task slots, equal to Fermata's default. A start is only eager if a slot is free. */
const SLOTS = 200;

const AUTOMATION_ID = '00000000-0000-4000-8000-000000000000';

const Start = z.object({ workflowId: z.string(), url: z.string(), run: z.string(), effects: z.int() });

/**
 * Runs the best possible engine. Starts are eager, which requires the client and the worker to be in one process. A run
 * is one local activity. If the settings contain a database, runs are recorded there, and have search attributes, a memo
 * and a summary. A POST of `{workflowId, url, run, effects}` starts a run.
 */
async function main(): Promise<void> {
  const { address, namespace, taskQueue, databaseUrl } = RawWorkerSettings.parse(JSON.parse(process.argv[2] ?? ''));
  const records = databaseUrl === undefined ? undefined : await openRecordedRuns(databaseUrl);
  const connection = await NativeConnection.connect({ address });
  const client = new Client({ connection, namespace });
  const worker = await Worker.create({
    ...{ connection, namespace, taskQueue },
    workflowBundle: await bundleWorkflowCode({ workflowsPath: require.resolve('./best-workflows') }),
    activities: { ...createBestActivities(records) },
    maxConcurrentWorkflowTaskExecutions: SLOTS,
  });
  const start = async (body: string): Promise<void> => {
    const { workflowId, ...input } = Start.parse(JSON.parse(body));
    await records?.accept(input.run, body);
    await client.workflow.start('sendRequestsAtBest', {
      ...{ workflowId, taskQueue, args: [input] },
      ...(records !== undefined && described(input.run)),
      requestEagerStart: true,
    });
  };
  const server = createServer((request, response) => {
    text(request)
      .then(start)
      .then(
        () => response.end(),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  console.log(`${BEST_WORKER_READY} ${(server.address() as AddressInfo).port}`);
  await worker.run();
  server.closeAllConnections();
  server.close();
  await connection.close();
  await records?.close();
}

/** Returns the options by which people find a run in the Web UI. Fermata sets the same ones. */
const described = (run: string) => ({
  memo: { run },
  staticSummary: `Send requests · ${run}`,
  typedSearchAttributes: searchAttributesOf({
    ...{ id: run, automationId: AUTOMATION_ID, automationName: 'Send requests' },
    ...{ automationGroup: null, triggerEvent: 'bench.start', contextKey: run },
  }),
});

void main();
