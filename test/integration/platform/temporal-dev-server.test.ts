import { Client, Connection } from '@temporalio/client';
import { readTemporalDevSettings } from '../../../src/dev/dev-settings';
import { startTemporal } from '../../support/services';
import { testTemporal } from '../../support/temporal';

const KEYWORD = 2;

it('serves the namespace with the search attributes that temporal-dev.yml describes', async () => {
  const { address, namespace } = testTemporal();
  const connection = await Connection.connect({ address });
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  for (const name of Object.keys(readTemporalDevSettings().searchAttributes)) {
    expect(customAttributes?.[name]).toBe(KEYWORD);
  }
  await connection.close();
});

it('keeps workflows when it is killed with -9 and started again', async () => {
  const server = await startTemporal();
  try {
    const start = async () => new Client({ connection: await Connection.connect({ address: server.address }) });
    const client = await start();
    await client.workflow.start('nothing', { taskQueue: 'nobody', workflowId: 'kept' });
    await client.connection.close();
    await server.kill();
    await server.start();
    const again = await start();
    expect((await again.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
    await again.connection.close();
  } finally {
    await server.destroy();
  }
});
