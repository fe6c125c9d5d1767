import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine, type Engine } from '../support/engine';
import { runFermata } from '../support/process';

const AUTOMATION = 'name: Same\ntriggers: [{event: automation.event, config: {type: never}}]\nactions: []\n';

describe('an error of the command line says what happened and what to do', () => {
  let engine: Engine;
  let url = '';
  let proxy: Server;
  const directory = mkdtempSync(join(tmpdir(), 'fermata-errors-'));
  const path = (name: string) => join(directory, name);
  const fermata = (args: readonly string[], env: Record<string, string> = {}) =>
    runFermata(args, engine.env({ FERMATA_URL: url, FERMATA_HOME: directory, ...env }));

  beforeAll(async () => {
    engine = await startEngine();
    ({ url } = await engine.api());
    proxy = createServer((_request, response) => response.writeHead(502).end('<html>bad gateway</html>')).listen(0);
    mkdirSync(path('two'));
    for (const name of ['two/a.yaml', 'two/b.yaml']) writeFileSync(path(name), AUTOMATION);
    writeFileSync(path('open.yaml'), 'name: x\ntriggers: [\n');
    await fermata(['apply', path('two/a.yaml')]);
  }, 270_000);
  afterAll(async () => {
    proxy.close();
    await engine.close();
    rmSync(directory, { recursive: true });
  });

  test.each<[string, args: string[], code: number, err: RegExp, env?: Record<string, string>]>([
    [
      'the API does not run',
      ['runs'],
      1,
      /^fermata: Nothing answers at http:\/\/127\.0\.0\.1:9 .*Start Fermata with "fermata dev", or set FERMATA_URL/,
      { FERMATA_URL: 'http://127.0.0.1:9' },
    ],
    [
      'the token is wrong',
      ['runs'],
      1,
      /The bearer token is not valid.*\n +The token is that of FERMATA_TOKEN.*Set FERMATA_TOKEN to a valid one/,
      { FERMATA_TOKEN: 'wrong-token-of-16' },
    ],
    [
      'an automation is unknown',
      ['trigger', 'Smae'],
      1,
      /^fermata: Automation "Smae" not found\. Did you mean "Same"\?\n$/,
    ],
    [
      'an automation is unknown, with --json',
      ['automations', 'zzz', '--json'],
      1,
      /"zzz" not found\. "fermata automations"/,
    ],
    [
      'a command is misspelt',
      ['rnus'],
      2,
      /^fermata: unknown command 'rnus'\n\(Did you mean runs\?\)\n"fermata --help" lists/,
    ],
    [
      'an option is misspelt',
      ['runs', '--stauts', 'failed'],
      2,
      /^fermata: unknown option '--stauts'\n\(Did you mean --status\?\)\n"fermata runs --help" lists/,
    ],
    ['an argument is missing', ['why'], 2, /^fermata: missing required argument 'what'\n"fermata why --help" lists/],
    [
      'an option is missing',
      ['token', 'create', 'x'],
      2,
      /'-r, --role <role...>' not specified\n"fermata token create --help"/,
    ],
    ['a file is missing', ['apply', path('none.yaml')], 2, /none\.yaml cannot be read: no such file or directory\n$/],
    [
      'a payload file is missing',
      ['trigger', 'Same', '--payload', '@none'],
      2,
      /--payload cannot be read: no such file/,
    ],
    ['a file is not YAML', ['apply', path('open.yaml')], 1, /open\.yaml:3:1 +The list is not closed: "\]" is missing/],
    [
      'two files have the same name',
      ['apply', path('two')],
      1,
      /two\/b\.yaml:1:1 +name +The name "Same" is already used by .*two\/a\.yaml: give each automation a different name/,
    ],
    [
      'a connection type is misspelt',
      ['connections', 'create', 'x', '--type', 'slak', '--config', '{}'],
      1,
      /^.*"slak" is not.*Did you mean "slack"\?.*\n$/,
    ],
  ])(
    'when %s',
    // A rest parameter, because Jest passes a callback for a parameter that a row leaves out.
    async (_situation, ...[args, code, err, env]) => {
      const ran = await fermata(args, env);
      expect(ran).toMatchObject({ code, out: '' });
      expect(ran.err).toMatch(err);
    },
    60_000,
  );

  test('when a permission is missing', async () => {
    const { out } = await fermata(['token', 'create', 'reader', '--role', 'viewer']);
    const ran = await fermata(['apply', path('two/a.yaml')], { FERMATA_TOKEN: out.trim() });
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain('lacks the permission "automation.manage". Roles that have it: author, operator, admin.');
  }, 60_000);

  test('when a proxy answers instead of the API', async () => {
    const origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const ran = await fermata(['runs'], { FERMATA_URL: origin });
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain(
      `${origin} answered 502 Bad Gateway, which is not an answer of Fermata's API. Check FERMATA_URL`,
    );
  }, 60_000);
});
