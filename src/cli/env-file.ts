import { existsSync } from 'node:fs';

/** Commands that run the service itself; only they read `.env`. */
const SERVICES = new Set(['dev', 'demo', 'api', 'worker', 'migrate']);

/** Returns whether a command reads `./.env`. */
export function readsEnvFile(argv: readonly string[]): boolean {
  const command = argv.find((argument) => !argument.startsWith('-'));
  return command !== undefined && SERVICES.has(command);
}

/**
 * Loads `./.env` for commands that run the service. All others ignore it: in a foreign checkout it could name a server
 * that would receive the caller's token, or plugins that would run as the caller.
 */
export function loadEnvFile(argv: readonly string[]): void {
  if (readsEnvFile(argv) && existsSync('.env')) process.loadEnvFile('.env');
}
