import { lazyClient } from '../../src/temporal/connect';
import { startEngine, type Engine } from '../support/engine';
import { startTemporal } from '../support/services';
import { until } from '../support/until';

const automation = (type: string) => `
name: ${type}
mode: parallel
triggers: [{ event: automation.event, config: { type: ${type} } }]
actions: [{ action: integration-webhook.send, config: { url: "$URL/${type}" } }]
`;

describe('a Temporal server that loses all its data while a worker is connected', () => {
  let engine: Engine;
  let temporal: Awaited<ReturnType<typeof startTemporal>>;
  let client: ReturnType<typeof lazyClient>;
  beforeAll(async () => {
    temporal = await startTemporal({ durable: false });
    engine = await startEngine({ temporal });
    client = lazyClient(engine.temporal);
  }, 360_000);
  afterAll(async () => {
    await client.connection.close();
    await engine.close();
    await temporal.destroy();
  });

  it('gets the search attributes and the housekeeping schedule again, and runs start', async () => {
    await engine.worker();
    const before = await engine.save(automation('before'));
    await engine.emit('before');
    await engine.ended(1, before, 60_000);
    await temporal.kill();
    await temporal.start();
    const after = await engine.save(automation('after'));
    await engine.emit('after');
    const [run] = await engine.ended(1, after, 120_000);
    expect(run).toMatchObject({ status: 'success' });
    const housekeeping = client.schedule.getHandle(`fermata-housekeeping-${engine.temporal.taskQueue}`);
    await until(
      'housekeeping has a schedule',
      () =>
        housekeeping.describe().then(
          () => true,
          () => false,
        ),
      120_000,
    );
  }, 720_000);
});
