import { startEngine, type Engine } from '../support/engine';

const listening = (hook: string, more: string) => `
name: On ${hook}
mode: parallel
triggers: [{ event: automation.webhook, config: { hook: ${hook}${more} } }]
actions:
  - { action: automation.log, config: { message: "{{ trigger.payload.body.service }} by {{ trigger.payload.method }}" } }
`;

describe('a request to a hook', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await engine.worker();
  }, 180_000);
  afterAll(() => engine.close());

  it('starts only the automations of that hook, with the context key that the trigger defines', async () => {
    const api = await engine.api();
    for (const name of ['deploys', 'others']) {
      expect((await engine.post(api, '/hooks', { name, scheme: 'header', secrets: ['s3cret'] })).status).toBe(201);
    }
    const ours = await engine.save(listening('deploys', ', contextKey: "trigger.payload.body.service | upper"'));
    const keyless = await engine.save(listening('deploys', ''));
    const theirs = await engine.save(listening('others', ''));
    const send = (secret: string) =>
      fetch(`${api.url}/api/v1/hooks/deploys`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-hook-secret': secret, 'x-delivery-id': '1' },
        body: JSON.stringify({ service: 'checkout' }),
      });
    expect((await send('wrong')).status).toBe(401);
    expect((await send('s3cret')).status).toBe(202);
    expect((await send('s3cret')).status).toBe(202);
    expect(await engine.ended(1, ours, 30_000)).toEqual([
      expect.objectContaining({ status: 'success', context_key: 'CHECKOUT' }),
    ]);
    expect(await engine.ended(1, keyless, 30_000)).toEqual([
      expect.objectContaining({ status: 'success', context_key: null }),
    ]);
    expect(await engine.runs(theirs)).toEqual([]);
    expect(await engine.outcomes(theirs)).toEqual([]);
  }, 270_000);
});
