import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runFermata } from '../support/process';

describe('the help and completion of the command line, without a service', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-help-'));
  const { PATH = '' } = process.env;
  const fermata = (args: readonly string[]) => runFermata(args, { PATH, HOME: directory, FERMATA_HOME: directory });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('a real bash sources the completion script and completes every command', async () => {
    const script = join(directory, 'completion.bash');
    writeFileSync(script, (await fermata(['completion', 'bash'])).out);
    const complete = (...words: string[]) =>
      execFileSync(
        'bash',
        [
          ...['--norc', '-c'],
          `source ${script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fermata; echo "\${COMPREPLY[*]}"`,
          ...['bash', 'fermata', ...words],
        ],
        { encoding: 'utf8' },
      ).trim();
    const all = complete('').split(' ');
    expect(all).toEqual(expect.arrayContaining(['apply', 'incidents', 'dry-run', 'completion']));
    expect(complete('inc')).toBe('incidents');
    expect(complete('incidents', 'create', '--severity', '')).toBe('minor major critical');
    expect(complete('completion', 'f')).toBe('fish');
  });

  test('an unknown command fails with and without --help', async () => {
    const alone = await fermata(['secrets']);
    expect(alone).toMatchObject({ code: 2, err: expect.stringContaining("unknown command 'secrets'") });
    expect(await fermata(['secrets', '--help'])).toEqual(alone);
    expect(await fermata(['help'])).toMatchObject({ code: 0, out: expect.stringContaining('Usage: fermata') });
  });

  test.each([
    'dev',
    'api',
    'worker',
    'migrate',
    'validate',
    'import',
    'import home-assistant',
    'apply',
    'automations',
    'runs',
    'trigger',
    'cancel',
    'retry',
    'entity',
    'secret',
    'token',
    'open',
    'alerts',
    'alert',
    ...[
      'hooks',
      'hooks create',
      'connections',
      'connections test',
      'dry-run',
      'enable',
      'disable',
      'versions',
      'rollback',
    ],
    ...['incidents', 'incidents acknowledge', 'maintenances', 'waits', 'dwells', 'changes', 'deliveries', 'audit'],
    ...['scripts test', 'packages', 'kinds', 'triggers', 'actions', 'completion'],
  ])('%s --help has examples', async (command) =>
    expect(await fermata([...command.split(' '), '--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('Examples:'),
    }),
  );
});
