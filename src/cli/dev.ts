import type { Command } from 'commander';
import { loadConfig } from '../config';
import { useColours } from '../log';
import { createDevStack, type DevInfo, type DevStack } from '../dev/dev-stack';
import { createOutput, type Say } from '../dev/output';
import { consoleLink } from './console-link';

/** Configures `fermata dev`. */
export function configure(command: Command): void {
  command
    .addHelpText(
      'after',
      `
Starts Postgres (or uses DATABASE_URL), a Temporal dev server with its Web UI (or uses TEMPORAL_ADDRESS), brings the
schema up to date, and runs the API and a worker. State is kept under .fermata (FERMATA_HOME): stopping with Ctrl-C and
starting again resumes every run where it was. The first start may install the Temporal dev server.

Examples:
  fermata dev
  FERMATA_PORT=9090 fermata dev
  DATABASE_URL=postgres://me@localhost/fermata TEMPORAL_ADDRESS=localhost:7233 fermata dev
`,
    )
    .action(runDev);
}

async function runDev(): Promise<void> {
  const config = loadConfig(process.env);
  const colours = useColours();
  const say = createOutput((text) => process.stdout.write(text), colours);
  const stack = createDevStack({ config, env: process.env, say, colours });
  const asked = stopOnSignals(stack, say);
  try {
    const info = await stack.start();
    announce(info, await consoleLink(info), say);
  } catch (error) {
    if (!asked.stopping) {
      await stack.stop();
      throw error;
    }
  }
}

/** Stops everything in order at the first signal. Pressing Ctrl-C after that kills everything immediately. */
export function stopOnSignals(stack: DevStack, say: Say): { readonly stopping: boolean } {
  const asked = { stopping: false };
  const onSignal = (signal: NodeJS.Signals) => {
    if (asked.stopping) {
      // Ignore other signals, because a terminal that closes sends several of them.
      if (signal !== 'SIGINT') return;
      say('fermata', 'killing everything');
      stack.kill();
      process.exit(130);
    }
    asked.stopping = true;
    say('fermata', 'stopping; press Ctrl-C again to kill everything immediately');
    stack.stop().then(
      () => {
        say('fermata', 'stopped; the next start resumes here');
        process.exit(0);
      },
      (error: unknown) => {
        say('fermata', `stopping failed: ${String(error)}`);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return asked;
}

function announce({ apiUrl, temporalUiUrl, tokenCommand }: DevInfo, link: string, say: Say): void {
  const lines: [string, string][] = [
    ['console', link],
    ['API', `${apiUrl}/api/v1`],
    ['docs', `${apiUrl}/docs`],
    ['Web UI', temporalUiUrl ?? 'unknown: set FERMATA_TEMPORAL_UI_URL'],
    ['token', tokenCommand ?? 'the value of FERMATA_ADMIN_TOKEN'],
  ];
  say('fermata', 'ready');
  for (const [name, value] of lines) say('fermata', `  ${name.padEnd(8)}${value}`);
  say('fermata', `the link to the console signs in once, within 60 s; for a new link: fermata open console`);
  say('fermata', 'Ctrl-C stops everything; the next start resumes here');
}
