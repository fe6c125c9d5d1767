import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../src/project-root';
import { freePort } from '../../src/os/free-port';
import { startEngine, type Engine } from '../support/engine';
import { runFermata, startFermata } from '../support/process';
import { until } from '../support/until';

/** Returns the example from docs/plugins.md: its files, and its commands in order. */
function documentedExample(port: number) {
  const page = readFileSync(join(projectRoot(), 'docs', 'plugins.md'), 'utf8');
  const section = page.split(/^## /m).find((text) => text.startsWith('A complete example')) ?? '';
  const text = section.replaceAll('9098', String(port));
  const files = [...text.matchAll(/^\*\*`([^`]+)`\*\*\n\n```\w+\n([\s\S]*?\n)```$/gm)];
  const commands = [...text.matchAll(/^```sh\n([\s\S]*?)```$/gm)];
  return {
    files: files.map(([, name = '', content = '']) => ({ name, content })),
    commands: commands.map(([, block = '']) => block),
  };
}

describe('the plugin of docs/plugins.md', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
  }, 180_000);
  afterAll(() => engine.close());

  test('is built and runs exactly as the page describes', async () => {
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

      // A wrong key is refused, and neither logs, responses nor tables contain the secret.
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
  }, 540_000);
});
