import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { z } from 'zod';
import { loadConfig } from '../config';
import { RunDetail } from './client/answers';
import { connect, CONNECTION_HELP } from './client/connect';
import { readRunningDev } from '../dev/state-file';
import { createOutput, JSON_OPTION } from './print/output';
import { UsageError } from './usage-error';

const SignInLink = z.object({ path: z.string() });

/** Configures `fermata open`. */
export function configure(command: Command): void {
  command.addHelpText('after', '\nExamples:\n  fermata open console\n  fermata open ui\n');
  command
    .command('ui')
    .description('open the Temporal Web UI, or a run in it')
    .argument('[run]', 'id of a run')
    .option('--print', 'only print the address')
    .option(JSON_OPTION[0], 'print the address as JSON')
    .addHelpText(
      'after',
      `
Prints the address, and opens it in a browser where there is a desktop. Without a run, the address is
FERMATA_TEMPORAL_UI_URL. If it is not set, the address is that of the "fermata dev" running in this directory.

Examples:
  fermata open ui
  fermata open ui 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11
${CONNECTION_HELP}`,
    )
    .action(async (id: string | undefined, { print, json }: { print?: true; json?: true }) => {
      const url = id === undefined ? webUi() : await webUiOf(id);
      if (json) return createOutput().json({ url });
      console.log(url);
      if (!print && process.stdout.isTTY) openInBrowser(url);
    });
  command
    .command('console')
    .description('open the web console, signed in')
    .option('--print', 'only print the address')
    .option(JSON_OPTION[0], 'print the address as JSON')
    .addHelpText(
      'after',
      `
Prints a link that signs in once, within 60 seconds, and opens it in a browser where there is a desktop.

Examples:
  fermata open console
${CONNECTION_HELP}`,
    )
    .action(async ({ print, json }: { print?: true; json?: true }) => {
      const client = connect();
      const { path } = await client.send('POST', '/session/links', SignInLink);
      const url = `${client.url}${path}`;
      if (json) return createOutput().json({ url });
      console.log(url);
      if (!print && process.stdout.isTTY) openInBrowser(url);
    });
}

function webUi(): string {
  const { home, temporal } = loadConfig(process.env);
  const url = temporal.uiUrl ?? readRunningDev(home)?.urls['Web UI'];
  if (url !== undefined) return url;
  throw new UsageError(
    'No "fermata dev" is running in this directory: set FERMATA_TEMPORAL_UI_URL to the address of the Temporal Web UI.',
  );
}

async function webUiOf(id: string): Promise<string> {
  const { run } = await connect().get(`/runs/${encodeURIComponent(id)}`, RunDetail);
  if (run.webUiUrl != null) return run.webUiUrl;
  throw new Error(
    run.startedAt == null
      ? `The run is ${run.status} and has no execution to open.`
      : 'The address of the Web UI is unknown: set FERMATA_TEMPORAL_UI_URL for the API.',
  );
}

/**
 * Opens an address in a browser, if there is one. Failures are ignored, because the address has already been printed.
 */
function openInBrowser(url: string): void {
  const desktop = process.env['DISPLAY'] !== undefined || process.env['WAYLAND_DISPLAY'] !== undefined;
  const opener = process.platform === 'darwin' ? 'open' : desktop ? 'xdg-open' : undefined;
  if (opener === undefined) return;
  spawn(opener, [url], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}
