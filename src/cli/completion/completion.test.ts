import { Argument, Command, Option } from 'commander';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bashScript } from './bash';
import { describeCommand } from './command-tree';
import { fishScript } from './fish';
import { zshScript } from './zsh';

/** Returns a program with every kind of word that can be completed, and with strings that shells must quote. */
function program(): ReturnType<typeof describeCommand> {
  const root = new Command('fermata').description('root');
  const hooks = root.command('hooks').description("list 'hooks', $(touch x) `touch y`");
  hooks.option('--json', 'print JSON').option('-n, --limit <count>', 'how many: "all"');
  hooks
    .command('create')
    .description('make one')
    .addOption(new Option('--scheme <scheme>', 'which').choices(['none', 'github']));
  root.command('apply').description('from files').argument('<path>');
  root.command('completion').addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']));
  return describeCommand(root);
}

const isInstalled = (shell: string) => spawnSync(shell, ['--version']).status === 0;

describe('completion in bash', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-completion-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  const complete = (line: string): string[] => {
    writeFileSync(join(directory, 'fermata.bash'), bashScript(program()));
    writeFileSync(join(directory, 'file.yaml'), '');
    const script = `source ./fermata.bash
COMP_WORDS=(${line.replace(/ $/, " ''")}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _fermata
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const out = execFileSync('bash', ['--norc', '-c', script], { cwd: directory, encoding: 'utf8' });
    return out.split('\n').filter((word) => word !== '');
  };

  it.each([
    ['fermata ', ['hooks', 'apply', 'completion', '-h', '--help']],
    ['fermata ho', ['hooks']],
    ['fermata hooks ', ['create', '--json', '-n', '--limit', '-h', '--help']],
    ['fermata hooks --l', ['--limit']],
    ['fermata hooks create --scheme ', ['none', 'github']],
    ['fermata hooks --json create --s', ['--scheme']],
    ['fermata completion z', ['zsh']],
    ['fermata apply fi', ['file.yaml']],
  ])('bash completes %s', (line, words) => expect(complete(line)).toEqual(words));
});

describe('completion in zsh and fish', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-completion-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const written = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };

  it('quotes the text of descriptions', () => {
    expect(zshScript(program())).toContain(`list '\\''hooks'\\'', $(touch x)`);
    expect(fishScript(program())).toContain(`list \\'hooks\\', $(touch x)`);
  });

  (isInstalled('zsh') ? it : it.skip)('zsh registers the completion if the script is sourced after compinit', () => {
    const file = written('fermata.zsh', zshScript(program()));
    const script = `autoload -U compinit && compinit -u -D && source ${file} && print -- $_comps[fermata]`;
    expect(execFileSync('zsh', ['-f', '-c', script], { cwd: directory, encoding: 'utf8' })).toBe('_fermata\n');
  });

  const inFish = isInstalled('fish') ? it : it.skip;
  inFish.each([
    ['fermata ho', ['hooks']],
    ['fermata hooks cr', ['create']],
    ['fermata hooks --json create --scheme g', ['github']],
    ['fermata completion z', ['zsh']],
  ])('fish completes %s', (line, words) => {
    const file = written('fermata.fish', fishScript(program()));
    const out = execFileSync('fish', ['-N', '-c', `source ${file}; complete -C '${line}'`], { encoding: 'utf8' });
    expect(
      out
        .trim()
        .split('\n')
        .map((each) => each.split('\t')[0]),
    ).toEqual(words);
  });
});
