import { existsSync } from 'node:fs';

/** Commands that run the service or migrate its database. Only these commands read `.env`. */
const SERVICES = new Set(['dev', 'demo', 'api', 'worker', 'migrate']);

/** Returns whether a command reads `./.env`. */
export function readsEnvFile(argv: readonly string[]): boolean {
  const command = argv.find((argument) => !argument.startsWith('-'));
  return command !== undefined && SERVICES.has(command);
}

/**
 * Loads `./.env` for the commands in `SERVICES`. All other commands ignore the file. In a repository cloned from
 * somebody else, the file could name a server that would receive the user's token, or plugins that would run with the
 * user's permissions.
 */
export function loadEnvFile(argv: readonly string[]): void {
  if (readsEnvFile(argv) && existsSync('.env')) process.loadEnvFile('.env');
}
