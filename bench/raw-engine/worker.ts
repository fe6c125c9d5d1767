import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { createRawActivities } from './activities';
import { RAW_WORKER_READY, RawWorkerSettings } from './settings';

/** A worker with the defaults of the SDK, in a process of its own; its settings are the one argument, as JSON. */
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
