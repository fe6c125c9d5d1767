import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistry, type PluginDescription } from '../../src/domain/registry/registry';
import { declareNonReactiveState, defineEntity, z } from '../../src/plugin';
import { projectRoot } from '../../src/project-root';
import { startEngine, type Engine } from '../support/engine';
import { startFermata, type FermataProcess } from '../support/process';
import { LEAK, PHONES, TYPED } from '../support/plugin-sources';
import { startVendorServer } from '../support/vendor-server';
import { until } from '../support/until';

const MODULE = join(projectRoot(), 'examples', 'plugins', 'weather', 'plugin.mjs');

const COMPILER_OPTIONS = {
  ...{ target: 'es2022', module: 'nodenext', moduleResolution: 'nodenext', strict: true, skipLibCheck: true },
  types: [] as string[],
};

describe("a user's plugin", () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  let workers: FermataProcess[];
  let vendor: Awaited<ReturnType<typeof startVendorServer>>;
  beforeAll(async () => {
    engine = await startEngine();
    vendor = await startVendorServer(({ path, headers }) => {
      if (headers['x-api-key'] !== 'canary-weather-key') return { status: 401, body: { key: headers['x-api-key'] } };
      return path === '/stations'
        ? { status: 200, body: { stations: ['north', 'south'] } }
        : { status: 200, body: { maxWindKmh: 120 } };
    });
    api = await engine.api({ FERMATA_PLUGINS: MODULE });
    workers = [await engine.worker({ FERMATA_PLUGINS: MODULE }), await engine.worker({ FERMATA_PLUGINS: MODULE })];
  }, 360_000);
  afterAll(async () => {
    await vendor.close();
    await engine.close();
  });

  const call = (method: string, path: string, body?: unknown) => engine.request(api, method, path, body);
  const automation = (name: string, trigger: unknown, actions: unknown[]) => ({
    ...{ name, mode: 'parallel', triggers: [trigger], actions },
  });

  test('adds a kind, a trigger, actions, a filter, a connection type, a listener and a route', async () => {
    const connection = await call('POST', '/connections', {
      ...{ name: 'weather', type: 'weather-service', config: { baseUrl: vendor.url, apiKey: 'canary-weather-key' } },
    });
    expect(connection).toMatchObject({ status: 201, body: { config: { apiKey: { hasValue: true } } } });
    const connectionId = String(connection.body['id']);
    expect((await call('POST', `/connections/${connectionId}/test`)).body).toMatchObject({ ok: true });
    expect((await call('GET', `/connections/${connectionId}/options/station`)).body).toEqual({
      items: [
        { value: 'north', label: 'north' },
        { value: 'south', label: 'south' },
      ],
    });

    const storm = await call('POST', '/automations', {
      ...automation('storm', { event: 'weather.storm_started', config: { aboveKmh: 95 }, for: { seconds: 1 } }, [
        { id: 'ahead', action: 'weather.forecast', config: { connectionId, station: '{{ trigger.payload.station }}' } },
        {
          variables: {
            force: '{{ trigger.payload.windKmh | beaufort }}',
            ahead: '{{ artifacts.ahead.forecast.maxWindKmh }}',
            now: '{{ state.weather[trigger.payload.station].condition }}',
          },
        },
      ]),
    });
    expect(storm.status).toBe(201);
    const reported = await call('POST', '/automations', {
      ...automation('changed', { event: 'automation.entity_changed', config: { kind: 'weather' } }, [
        { variables: { stormy: '{{ trigger.payload.stormy }}' } },
      ]),
    });
    const reporter = await call('POST', '/automations', {
      ...automation('reporter', { event: 'automation.event', config: { type: 'wind' } }, [
        { action: 'weather.report', config: { station: 'north', windKmh: '{{ trigger.payload.data.kmh }}' } },
      ]),
    });
    expect([reported.status, reporter.status]).toEqual([201, 201]);
    await engine.emit('wind', { kmh: 20 });
    await engine.ended(1, String(reporter.body['id']));
    await engine.emit('wind', { kmh: 100 });
    const [run] = await engine.ended(1, String(storm.body['id']), 20_000);
    expect(run).toMatchObject({ status: 'success', context_key: 'north' });
    const steps = await engine.steps(run?.id ?? '');
    expect(steps[1]?.result).toEqual({ force: 10, ahead: 120, now: 'storm' });
    const changes = await engine.ended(2, String(reported.body['id']));
    const stormy = await Promise.all(changes.map(async ({ id }) => (await engine.steps(id))[0]?.result));
    expect(stormy).toEqual([{ stormy: false }, { stormy: true }]);

    // Logged once, although there are two workers.
    const lines = () =>
      workers.flatMap((worker) => worker.output().split('\n')).filter((line) => line.includes('weather: north'));
    await until('the listener was called', () => lines().length >= 2);
    expect(lines().map((line) => /north is (\w+)/.exec(line)?.[1])).toEqual(['calm', 'storm']);
    expect((await call('GET', '/weather/north')).body).toEqual({ condition: 'storm', windKmh: 100 });
    expect((await call('GET', '/weather/nowhere')).status).toBe(404);
    const kinds = (await call('GET', '/entity-kinds')).body['items'] as { kind: string; reactive: boolean }[];
    expect(
      kinds.filter(({ kind }) => kind.startsWith('weather')).map(({ kind, reactive }) => [kind, reactive]),
    ).toEqual(
      expect.arrayContaining([
        ['weather', true],
        ['weather-report', false],
      ]),
    );
    const silent = await engine.database.pool.query(`select 1 from changes where kind = 'weather-report'`);
    expect(silent.rowCount).toBe(0);
    const document = await (await fetch(`${api.url}/openapi.json`)).text();
    expect(document).toContain('/weather/{station}');
  }, 270_000);

  test('can be compiled outside the checkout, and its route emits an event of its own trigger', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'fermata-plugin-'));
    try {
      writeFileSync(join(directory, 'phones.mts'), PHONES);
      const tsc = (source: string) => {
        writeFileSync(join(directory, 'check.mts'), source);
        const paths = { 'fermata/plugin': [join(projectRoot(), 'dist', 'src', 'plugin.d.ts')] };
        const compilerOptions = { ...COMPILER_OPTIONS, paths, outDir: directory };
        writeFileSync(
          join(directory, 'tsconfig.json'),
          JSON.stringify({ compilerOptions, files: ['phones.mts', 'check.mts'] }),
        );
        const bin = join(projectRoot(), 'node_modules', 'typescript', 'bin', 'tsc');
        return spawnSync(process.execPath, [bin, '-p', directory], { encoding: 'utf8' });
      };
      const wrong = tsc(`import { definePlugin } from 'fermata/plugin';\nexport default definePlugin({ id: 5 });\n`);
      expect(wrong.stdout).toMatch(/check\.mts\(2,\d+\): error TS2322/);
      expect(tsc(TYPED)).toMatchObject({ status: 0, stdout: '' });

      writeFileSync(join(directory, 'leak.mjs'), LEAK);
      const plugin = `${join(directory, 'phones.mjs')},${join(directory, 'leak.mjs')}`;
      const phones = await engine.api({ FERMATA_PLUGINS: plugin });
      const worker = await engine.worker({ FERMATA_PLUGINS: plugin });
      const saved = await engine.post(phones, '/automations', {
        ...automation('rings', { event: 'phones.rang' }, [
          { variables: { who: '{{ trigger.payload.caller }}', key: '{{ trigger.contextKey }}' } },
        ]),
      });
      expect(saved.status).toBe(201);
      const { id } = (await saved.json()) as { id: string };
      expect((await engine.post(phones, '/phones/ring', { caller: 'ada', line: 'ops' })).status).toBe(202);
      const [run] = await engine.ended(1, id, 30_000);
      expect(run).toMatchObject({ status: 'success', context_key: 'ops' });
      expect((await engine.post(phones, '/phones/ring', { caller: 'ada', line: '' })).status).toBe(422);

      // Secrets that a plugin reads in a step count as secrets of the run: their bindings are checked and their values
      // are masked.
      await engine.call(phones, 'PUT', '/secrets/CANARY', { value: 'canary-read-by-plugin' });
      const allow = { actions: ['leak.other'] };
      await engine.call(phones, 'PUT', '/secrets/BOUND', { value: 'canary-that-is-bound', allow });
      const leak = (action: string, config: object) => ({ action, config, continue_on_error: true });
      const leaking = await engine.call(phones, 'POST', '/automations', {
        ...automation('leaks', { event: 'phones.rang' }, [
          { id: 'first', action: 'leak.call', config: { secret: 'CANARY' } },
          { variables: { again: 'was {{ artifacts.first.told.said }}' } },
          leak('leak.call', { secret: 'CANARY', fail: true }),
          leak('leak.call', { secret: 'BOUND' }),
          leak('leak.call', { secret: 'GONE' }),
          leak('leak.write', { secret: 'CANARY' }),
        ]),
      });
      await engine.post(phones, '/phones/ring', { caller: 'eve', line: 'leaks' });
      const [leaked] = await engine.ended(1, String(leaking['id']), 30_000);
      const left = await engine.steps(leaked?.id ?? '');
      expect(left.map(({ status, error }) => [status, error?.code ?? null])).toEqual([
        ...[
          ['success', null],
          ['success', null],
        ],
        ...[
          ['failed', 'provider_failed'],
          ['failed', 'secret_not_allowed'],
        ],
        ...[
          ['failed', 'config_invalid'],
          ['failed', 'config_invalid'],
        ],
      ]);
      expect(left[0]?.result).toEqual({ value: '****', '****': 1 });
      expect(left[1]?.result).toEqual({ again: 'was ****' });
      expect(left[2]?.error?.message).toBe('refused ****');
      expect(left[4]?.error?.message).toBe('Secret not found: "GONE".');
      expect(worker.output()).toContain('has read ****');
      const reported = [JSON.stringify(left), worker.output(), JSON.stringify(leaked)].join('\n');
      expect(reported).not.toMatch(/canary-read-by-plugin|canary-that-is-bound/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }, 360_000);

  test('makes the start fail with its name if it is missing or is not a plugin', async () => {
    for (const [name, why] of [
      ['./nowhere.mjs', 'Cannot find module'],
      ['zod', 'its default export is not a plugin'],
    ]) {
      const api = startFermata(['api'], engine.env({ FERMATA_PLUGINS: name ?? '' }));
      await until('it has ended', () => api.exited(), 20_000);
      expect(api.output()).toContain(`The plugin "${name}" (FERMATA_PLUGINS) could not be loaded`);
      expect(api.output()).toContain(why);
    }
  }, 180_000);

  test('is refused if it conflicts with another plugin or with itself', () => {
    const kind = (name: string) => defineEntity(name, z.strictObject({ on: z.boolean() }), { description: name });
    const plugin = (id: string, more: object): PluginDescription => ({ id, ...more });
    const build =
      (...plugins: PluginDescription[]) =>
      () =>
        createRegistry(plugins);
    expect(build(plugin('a', {}), plugin('a', {}))).toThrow('Plugin "a" is registered twice');
    expect(build(plugin('a', { entityKinds: [kind('k')] }), plugin('b', { entityKinds: [kind('k')] }))).toThrow(
      'Entity kind "k" is registered twice',
    );
    const list = z.array(z.string()) as unknown as z.ZodObject;
    expect(build(plugin('a', { entityKinds: [declareNonReactiveState('l', list, { description: '' })] }))).toThrow(
      'The state of entity kind "l" is not an object',
    );
    expect(build(plugin('a', { derivers: [{ kind: 'gone', derive: () => [] }] }))).toThrow(
      'refers to the unknown entity kind "gone"',
    );
    expect(
      build(
        plugin('a', { entityKinds: [kind('k')], payloadMappers: { k: () => ({}) } }),
        plugin('b', { payloadMappers: { k: () => ({}) } }),
      ),
    ).toThrow('Entity kind "k" has two payload mappers');
  });
});
