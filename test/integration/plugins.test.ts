import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createRegistry, type PluginDescription } from '../../src/domain/registry/registry';
import { declareNonReactiveState, defineEntity, z } from '../../src/plugin';
import { projectRoot } from '../../src/project-root';
import { freePort } from '../../src/os/free-port';
import { startEngine, type Engine } from '../support/engine';
import { runFermata, startFermata, type FermataProcess } from '../support/process';
import { startVendorServer } from '../support/vendor-server';
import { until } from '../support/until';

const MODULE = join(projectRoot(), 'examples', 'plugins', 'weather', 'plugin.mjs');

const COMPILER_OPTIONS = {
  ...{ target: 'es2022', module: 'nodenext', moduleResolution: 'nodenext', strict: true, skipLibCheck: true },
  types: [] as string[],
};

/** As an author would write it, in a directory of its own, with no package installed beside it. */
const PHONES = `
import { definePlugin, json, writeRoute, z, type RouteHost } from 'fermata/plugin';

const Call = z.object({ caller: z.string().min(1), line: z.string().min(1) });
const Posted = z.object({ caller: z.string(), line: z.string() });

export default definePlugin({
  id: 'phones',
  triggers: [
    {
      id: 'rang',
      displayName: 'Phone rang',
      description: 'Somebody calls a line.',
      category: 'Phones',
      payloadSchema: Call,
      contextKey: ({ line }: z.infer<typeof Call>) => line,
      contextKeyLabel: 'line',
    },
  ],
  routes: ({ emit, log }: RouteHost) => [
    writeRoute({
      method: 'post',
      path: '/phones/ring',
      permission: 'ingest',
      operationId: 'phones.ring',
      tag: 'Phones',
      summary: 'A call came in',
      body: Posted,
      responses: { 202: { description: 'Accepted', schema: z.object({ changeId: z.string() }) } },
      async handler(context) {
        const changeId = await emit(context, 'phones.rang', context.body);
        log.info({ changeId }, 'a call came in');
        return json(202, { changeId });
      },
    }),
  ],
});
`;

/** Uses what a plugin can, with types. */
const TYPED = `
import { computedEntity, definePlugin, serviceRef, sql, z, type PluginHost } from 'fermata/plugin';
interface Directory { ownerOf(system: string): string }
const directory = serviceRef<Directory>('people.directory');
const Config = z.strictObject({ system: z.string() });
export default ({ secrets, log, clock, db, getService }: PluginHost) =>
  definePlugin({
    id: 'typed',
    requires: [directory],
    migrations: new URL('./migrations/', import.meta.url),
    provides: { more: async () => ({ n: (await db.execute(sql\`select 1 as n\`)).rows.length }) },
    entityKinds: [
      computedEntity('room', z.strictObject({ n: z.number() }), {
        description: 'x',
        read: async ({ db: own, now }, ids) => {
          const { rows } = await own.execute<{ id: string; n: number }>(sql\`select id, n from plugin_typed.t where at < \${now}\`);
          return new Map(rows.map(({ id, n }) => [id, { n }]));
        },
      }),
    ],
    actions: [
      {
        id: 'a', displayName: 'A', description: 'A', configSchema: Config, execution: 'call', timeoutMs: () => 1000,
        async execute({ config, note }) {
          const { system } = config as z.infer<typeof Config>;
          note(getService(directory).ownerOf(system).toUpperCase());
          log.info({ at: clock.now() }, 'x');
          return { output: (await secrets.resolve('X')).length };
        },
      },
    ],
  });
`;

/** Reads secrets in its steps, and tells them wherever it can. */
const LEAK = `
import { definePlugin, ProviderFailure, z } from 'fermata/plugin';

const described = { displayName: 'Leak', description: 'Tells a secret.' };
const configSchema = z.strictObject({ secret: z.string(), fail: z.boolean().default(false) });

export default ({ secrets, log }) => definePlugin({
  id: 'leak',
  actions: [
    {
      ...{ ...described, configSchema, id: 'call', execution: 'call', timeoutMs: () => 5000 },
      produces: { name: 'told', schema: z.object({ said: z.string() }) },
      async execute({ config: { secret, fail }, note }) {
        const value = await secrets.resolve(secret);
        log.info({ value, err: new Error(value) }, 'has read ' + value);
        note('noted ' + value);
        const facts = { retryable: false, output: { value } };
        if (fail) throw new ProviderFailure('provider_failed', 'refused ' + value, facts);
        return { output: { value, [value]: 1 }, artifact: { said: value } };
      },
    },
    {
      ...{ ...described, configSchema, id: 'write', execution: 'transaction' },
      execute: async ({ config: { secret } }) => ({ output: { value: await secrets.resolve(secret) } }),
    },
  ],
});
`;

/** The example of docs/plugins.md: its files, and the commands in their order. */
function documentedExample(port: number) {
  const page = readFileSync(join(projectRoot(), 'docs', 'plugins.md'), 'utf8');
  const section = page.split(/^## /m).find((text) => text.startsWith('From nothing to a run')) ?? '';
  const text = section.replaceAll('9098', String(port));
  const files = [...text.matchAll(/^\*\*`([^`]+)`\*\*\n\n```\w+\n([\s\S]*?\n)```$/gm)];
  const commands = [...text.matchAll(/^```sh\n([\s\S]*?)```$/gm)];
  return {
    files: files.map(([, name = '', content = '']) => ({ name, content })),
    commands: commands.map(([, block = '']) => block),
  };
}

describe('a plugin of a user', () => {
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
  }, 120_000);
  afterAll(async () => {
    await vendor.close();
    await engine.close();
  });

  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${api.url}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: engine.authorization },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const automation = (name: string, trigger: unknown, actions: unknown[]) => ({
    ...{ name, mode: 'parallel', triggers: [trigger], actions },
  });

  test('brings a kind, a trigger, actions, a filter, a connection type, a listener and a route', async () => {
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
    const told = await call('POST', '/automations', {
      ...automation('changed', { event: 'automation.entity_changed', config: { kind: 'weather' } }, [
        { variables: { stormy: '{{ trigger.payload.stormy }}' } },
      ]),
    });
    const reporter = await call('POST', '/automations', {
      ...automation('reporter', { event: 'automation.event', config: { type: 'wind' } }, [
        { action: 'weather.report', config: { station: 'north', windKmh: '{{ trigger.payload.data.kmh }}' } },
      ]),
    });
    expect([told.status, reporter.status]).toEqual([201, 201]);
    await engine.emit('wind', { kmh: 20 });
    await engine.ended(1, String(reporter.body['id']));
    await engine.emit('wind', { kmh: 100 });
    const [run] = await engine.ended(1, String(storm.body['id']), 20_000);
    expect(run).toMatchObject({ status: 'success', context_key: 'north' });
    const steps = await engine.steps(run?.id ?? '');
    expect(steps[1]?.result).toEqual({ force: 10, ahead: 120, now: 'storm' });
    const changes = await engine.ended(2, String(told.body['id']));
    const stormy = await Promise.all(changes.map(async ({ id }) => (await engine.steps(id))[0]?.result));
    expect(stormy).toEqual([{ stormy: false }, { stormy: true }]);

    // Once in the fleet, of two workers.
    const lines = () =>
      workers.flatMap((worker) => worker.output().split('\n')).filter((line) => line.includes('weather: north'));
    await until('the listener heard of it', () => lines().length >= 2);
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
  }, 90_000);

  test('from outside the checkout is type-checked by tsc, and a route of it emits an event of its own trigger', async () => {
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

      // Secrets that a plugin reads in its steps are those of the run: checked against their bindings, and hidden.
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
      const told = [JSON.stringify(left), worker.output(), JSON.stringify(leaked)].join('\n');
      expect(told).not.toMatch(/canary-read-by-plugin|canary-that-is-bound/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }, 120_000);

  test('is built and runs exactly as docs/plugins.md says', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'fermata-chat-'));
    const port = await freePort();
    const { files, commands } = documentedExample(port);
    const [install = '', check = '', serveChat = '', serve = '', use = '', see = ''] = commands;
    expect(commands).toHaveLength(6);
    expect(install).toContain('npm run build');
    expect(serve).toMatch(/^export FERMATA_PLUGINS=\S+ FERMATA_EGRESS_ALLOW=127\.0\.0\.1\nfermata dev\n$/);
    const plugins = /FERMATA_PLUGINS=(\S+)/.exec(serve)?.[1]?.replaceAll('./', `${directory}/`) ?? '';
    expect(check).toContain(`FERMATA_PLUGINS=${/FERMATA_PLUGINS=(\S+)/.exec(serve)?.[1]}`);
    for (const { name, content } of files) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), content);
    }
    const bin = join(directory, 'bin');
    mkdirSync(bin);
    const main = join(projectRoot(), 'dist', 'src', 'cli', 'main.js');
    writeFileSync(join(bin, 'fermata'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
    chmodSync(join(bin, 'fermata'), 0o755);
    const shell = (script: string, env: Record<string, string> = {}) => {
      const path = `${bin}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
      const done = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', script], {
        ...{ cwd: directory, encoding: 'utf8', timeout: 60_000 },
        env: { PATH: path, HOME: directory, FERMATA_TOKEN: engine.authorization.replace('Bearer ', ''), ...env },
      });
      return { code: done.status, text: `${done.stdout}${done.stderr}` };
    };
    expect(serveChat).toBe('node chat-server.mjs\n');
    const chat = spawn(process.execPath, ['chat-server.mjs'], { cwd: directory, stdio: 'ignore' });
    try {
      expect(shell(check)).toMatchObject({ code: 0 });

      const own = { FERMATA_PLUGINS: plugins };
      const alone = startFermata(['api'], engine.env({ FERMATA_PLUGINS: `${directory}/chat.mjs` }));
      await until('it has ended', () => alone.exited(), 20_000);
      expect(alone.output()).toContain('needs its tables at version 1; this database has version 0');
      expect(await runFermata(['migrate'], engine.env(own))).toMatchObject({ code: 0 });
      const missing = startFermata(['api'], engine.env({ FERMATA_PLUGINS: `${directory}/chat.mjs` }));
      await until('it has ended', () => missing.exited(), 20_000);
      expect(missing.output()).toContain('"chat" requires the service "people.directory", which no plugin provides');

      const fermata = await engine.api(own);
      const worker = await engine.worker(own);
      const used = shell(use, { FERMATA_URL: fermata.url });
      expect(used).toMatchObject({ code: 0 });
      expect(used.text).toContain('Connected; it has 2 rooms.');
      expect(used.text).toMatch(/^202 /m);
      const { rows } = await engine.database.pool.query<{ id: string }>(
        `select id from automations where name = 'answer in the chat'`,
      );
      const [run] = await engine.ended(1, rows[0]?.id ?? '', 30_000);
      expect(run).toMatchObject({ status: 'success', context_key: 'checkout' });
      const seen = shell(see, { FERMATA_URL: fermata.url });
      expect(seen).toMatchObject({ code: 0 });
      expect(seen.text).toContain('success');
      expect(seen.text).toContain('@ada checkout is unknown');
      expect(await engine.call(fermata, 'GET', '/entities/room/ops')).toMatchObject({ state: { messages: 1 } });
      expect(await engine.call(fermata, 'GET', '/entities/room/news').catch(String)).toContain('404');

      // Another key: refused, and neither log, answer nor table has the secret.
      const forged = shell('export CHAT_SIGNING_SECRET=wrong\nnode ask.mjs ops checkout', { FERMATA_URL: fermata.url });
      expect(forged.text).toMatch(/^401 /m);
      const kept = await engine.database.pool.query<{ text: string }>(
        `select coalesce(string_agg(t::text, ''), '') as text from (
           select to_jsonb(s) as t from run_steps s union all select to_jsonb(c) from changes c
           union all select to_jsonb(a) from audit_log a) as all_rows`,
      );
      const left = [fermata.output(), worker.output(), forged.text, seen.text, kept.rows[0]?.text].join('\n');
      expect(left).not.toContain('shared-with-the-chat');
      expect(fermata.output()).toContain('plugin=chat');
    } finally {
      chat.kill('SIGKILL');
      rmSync(directory, { recursive: true });
    }
  }, 180_000);

  test('that is not there or no plugin ends the start with its name', async () => {
    for (const [name, why] of [
      ['./nowhere.mjs', 'Cannot find module'],
      ['zod', 'its default export is no plugin'],
    ]) {
      const api = startFermata(['api'], engine.env({ FERMATA_PLUGINS: name ?? '' }));
      await until('it has ended', () => api.exited(), 20_000);
      expect(api.output()).toContain(`The plugin "${name}" (FERMATA_PLUGINS) could not be loaded`);
      expect(api.output()).toContain(why);
    }
  }, 60_000);

  test('that contradicts another, or itself, ends the start', () => {
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
      '"gone", which is not there',
    );
    expect(
      build(
        plugin('a', { entityKinds: [kind('k')], payloadMappers: { k: () => ({}) } }),
        plugin('b', { payloadMappers: { k: () => ({}) } }),
      ),
    ).toThrow('Entity kind "k" has two payload mappers');
  });
});
