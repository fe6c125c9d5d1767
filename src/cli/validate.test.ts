import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { UsageError } from './usage-error';
import { configure } from './validate';

const GOOD = 'name: x\nstatus: disabled\ntriggers:\n  - event: healthcheck.system_degraded\n';
const BAD = 'name: x\ntriggers:\n  - event: healthcheck.sytem_degraded\n';

describe('fermata validate', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-validate-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  afterAll(() => rmSync(directory, { recursive: true }));
  let printed = '';
  beforeEach(() => {
    printed = '';
    // An earlier test in this process may have set the exit code.
    process.exitCode = undefined;
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
    process.exitCode = undefined;
  });

  async function run(...args: string[]): Promise<{ out: string; code: unknown }> {
    const command = new Command('validate');
    configure(command);
    await command.parseAsync(args, { from: 'user' });
    return { out: printed, code: process.exitCode };
  }

  it('reports success with exit code 0', async () => {
    expect(await run(file('good.yaml', GOOD))).toEqual({ out: '1 file: 0 errors, 0 warnings\n', code: undefined });
  });

  it('shows the position of an error and the most similar name, with exit code 1', async () => {
    const bad = file('bad.yaml', BAD);
    const { out, code } = await run(bad);
    expect(code).toBe(1);
    expect(out.split('\n')).toEqual([
      `${bad}:3:12: error: Unknown event "healthcheck.sytem_degraded" [unknown_event]`,
      ' 3 |   - event: healthcheck.sytem_degraded',
      '   |            ^ at triggers[0].event',
      '   = Did you mean "healthcheck.system_degraded"?',
      '',
      '1 file: 1 error, 0 warnings',
      '',
    ]);
  });

  it('reads several documents, including those for GitOps, with positions in the file', async () => {
    const gitops = `apiVersion: fermata/v1\nkind: Automation\nmetadata: {name: y}\nspec:\n  triggers:\n    - event: healthcheck.nope_at_all\n`;
    const { out } = await run(file('several.yaml', `${GOOD}---\n${gitops}`), '--json');
    const { valid, files } = JSON.parse(out) as { valid: boolean; files: { automations: number; errors: unknown[] }[] };
    expect(valid).toBe(false);
    expect(files[0]?.automations).toBe(2);
    expect(files[0]?.errors).toEqual([
      expect.objectContaining({ path: 'spec.triggers[0].event', code: 'unknown_event', line: 11, column: 14 }),
    ]);
  });

  it('shows errors in the YAML itself', async () => {
    const { out, code } = await run(file('twice.yaml', 'name: x\nname: y\n'));
    expect(code).toBe(1);
    expect(out).toContain('twice.yaml:2:1: error: "name" is given twice');
  });

  it('says where a list is not closed', async () => {
    const { out } = await run(file('open.yaml', 'name: x\ntriggers: [\n'));
    expect(out).toContain('error: The list is not closed: "]" is missing [yaml_syntax]');
  });

  it('prints a warning once if an expression causes it twice', async () => {
    const filter = '    filter: trigger.payload.labls.a == "1" || trigger.payload.labls.a == "2"\n';
    const { out } = await run(file('names.yaml', `name: x\ntriggers:\n  - event: alert.fired\n${filter}`));
    expect(out.match(/Unknown name "labls"/g)).toHaveLength(1);
    expect(out).toContain('1 file: 0 errors, 1 warning\n');
  });

  it('names the values of a status', async () => {
    const { out } = await run(file('status.yaml', GOOD.replace('disabled', 'disabeld')));
    expect(out).toContain('status.yaml:2:9: error: Expected one of enabled, disabled; got "disabeld" [invalid_value]');
    expect(out).toContain('= Did you mean "disabled"?');
  });

  it('refuses a missing file', async () => {
    const missing = run(join(directory, 'none.yaml'));
    await expect(missing).rejects.toThrow(UsageError);
    await expect(missing).rejects.toThrow(/none\.yaml cannot be read: no such file or directory$/);
  });
});
