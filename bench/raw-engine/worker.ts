import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { createRawActivities } from './activities';
import { RAW_WORKER_READY, RawWorkerSettings } from './settings';

/** Runs a worker with the SDK's defaults in a separate process. Its only argument contains the settings as JSON. */
async function main(): Promise<void> {
  const { address, namespace, taskQueue } = RawWorkerSettings.parse(JSON.parse(process.argv[2] ?? ''));
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle: await bundleWorkflowCode({ workflowsPath: require.resolve('./workflows') }),
    activities: createRawActivities(),
  });
  console.log(RAW_WORKER_READY);
  await worker.run();
  await connection.close();
}

void main();
