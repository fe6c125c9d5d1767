import type { Command } from 'commander';
import { z } from 'zod';
import { connect, CONNECTION_HELP } from './client/connect';
import { createOutput, JSON_OPTION } from './print/output';

const Diagnosis = z.looseObject({
  items: z.array(
    z.looseObject({
      code: z.string(),
      severity: z.string(),
      subject: z.string().nullable(),
      message: z.string(),
      advice: z.string(),
    }),
  ),
});

const Workers = z.looseObject({
  items: z.array(
    z.looseObject({ host: z.string(), pid: z.int(), live: z.boolean(), scriptLimits: z.string().nullish() }),
  ),
});

const LIMITED_BY = new Map([
  ['cgroup', 'limited by a cgroup'],
  ['rlimit', 'limited for each process and watched (no cgroup)'],
]);

/** Returns a line for each live worker that reports how it limits scripts. */
function scriptLimits({ items }: z.infer<typeof Workers>): string[] {
  return items.flatMap(({ host, pid, live, scriptLimits: by }) => {
    const how = LIMITED_BY.get(by ?? '');
    return live && how !== undefined ? [`scripts   ${host} ${pid}: memory and processes are ${how}`] : [];
  });
}

/** Configures `fermata doctor`. */
export function configure(command: Command): void {
  command
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Lists the problems of an installation, with what to do about each: workers that are missing or lack a plugin, runs that
make no progress or lost their execution, changes that were set aside, late housekeeping. Also lists how each live worker
enforces the limits of scripts. Exit code 1 if a problem is critical.

Examples:
  fermata doctor
  fermata doctor --json
${CONNECTION_HELP}`,
    )
    .action(async ({ json }: { json?: true }) => {
      const output = createOutput();
      const client = connect();
      const found = await client.get('/diagnosis', Diagnosis);
      if (json) output.json(found);
      else if (found.items.length === 0) output.line('Nothing is wrong.');
      for (const { severity, code, message, advice } of json ? [] : found.items) {
        output.line(`${severity.padEnd(8)}  ${code}: ${message}`);
        output.line(`${' '.repeat(10)}${advice}`);
      }
      if (!json) for (const line of scriptLimits(await client.get('/workers', Workers))) output.line(line);
      if (found.items.some(({ severity }) => severity === 'critical')) process.exitCode = 1;
    });
}
