import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Returns the directory that contains `package.json`, `drizzle/` and `temporal-dev.yml`. It is the same whether the
 * program runs from `src/` (tests) or from `dist/src/` (the build).
 */
export function projectRoot(): string {
  for (let directory = __dirname; ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'package.json')) && existsSync(join(directory, 'drizzle'))) return directory;
    if (dirname(directory) === directory) throw new Error(`Found no drizzle/ directory above ${__dirname}`);
  }
}
