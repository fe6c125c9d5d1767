import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_MASK } from '../../src/domain/secrets/mask-values';
import { scriptUser } from '../../src/integrations/script/bubblewrap';
import { findEnforcement, runLimited } from '../../src/integrations/script/enforcement';
import { removeLeftCgroups } from '../../src/integrations/script/script-cgroup';
import { testEnvironment } from '../support/environment';
import { isRunning } from '../support/script-processes';
import { createScripts } from '../support/scripts';
import { until } from '../support/until';

describe('the cgroup of a script', () => {
  /**
   * Directory in which the service may create cgroups. Empty if the service may not create any. In that case, the setup
   * has logged the reason.
   */
  const { FERMATA_TEST_SCRIPT_CGROUP: home } = testEnvironment();
  const onCgroup = home === '' ? test.skip : test;

  test('is replaced by resource limits with a stated reason if cgroup version 2 is not mounted', async () => {
    const enforcement = await findEnforcement('auto');
    const version2 = /^\d+ .* - cgroup2 /m.test(readFileSync('/proc/self/mountinfo', 'utf8'));
    if (!version2) expect(enforcement).toEqual({ by: 'rlimit', detail: 'cgroup version 2 is not mounted' });
    expect(enforcement.detail).not.toBe('');
  });

  onCgroup(
    'limits the total memory of all processes of a script',
    async () => {
      const ended = await runLimited('auto', {
        ...{
          command: '/usr/bin/perl',
          args: ['-e', 'for (1..5) { last if !fork } my $x = "x" x 400_000_000; sleep 60'],
        },
        ...{ env: {}, user: scriptUser(), stdin: '', timeoutMs: 50_000, mask: NO_MASK },
        signal: AbortSignal.timeout(60_000),
      });
      expect(ended).toMatchObject({
        ...{ exitCode: null, timedOut: false },
        stopped: 'The script used more than 1408 MB of memory, with its files, and was killed.',
      });
      expect(readdirSync(home).filter((name) => name.startsWith('script-'))).toEqual([]);
    },
    60_000,
  );

  onCgroup(
    'limits the number of processes of a script without a sandbox',
    async () => {
      const open = createScripts({ sandbox: 'none' });
      const { stderr } = await open.shell('for n in $(seq 400); do sleep 20 & done; kill $(jobs -p)');
      expect(stderr).toMatch(/fork.*Resource temporarily unavailable/);
      await open.close();
    },
    60_000,
  );

  onCgroup(
    'is removed when the process of the service was killed while a script ran',
    async () => {
      const argument = `300.${Date.now()}`;
      const program = `require('esbuild-register/dist/node').register();
const { createScripts } = require('./test/support/scripts');
void createScripts({ sandbox: 'none' }).shell('setsid sleep ${argument} & sleep ${argument}');`;
      const service = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
      const cgroups = () =>
        readdirSync(home).filter((name) => name.includes(`-${service.pid}-`) && !name.endsWith('-1'));
      const processes = (name: string) => readFileSync(join(home, name, 'cgroup.procs'), 'utf8');
      // The cgroup with the number 1 was used to find out whether cgroups can be created.
      const left = await until('the script runs', () =>
        Promise.resolve(cgroups().find((name) => processes(name).split('\n').length > 3)),
      );
      service.kill('SIGKILL');
      await once(service, 'exit');
      expect(isRunning(argument)).toBe(true);
      await removeLeftCgroups(home);
      expect(isRunning(argument)).toBe(false);
      expect(readdirSync(home)).not.toContain(left);
    },
    60_000,
  );
});
