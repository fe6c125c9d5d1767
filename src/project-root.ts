import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Returns the directory that holds `package.json`, `drizzle/` and `temporal-dev.yml`: the same from `src/` (tests) and
 * from `dist/src/` (the built program).
 */
export function projectRoot(): string {
  for (let directory = __dirname; ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'package.json')) && existsSync(join(directory, 'drizzle'))) return directory;
    if (dirname(directory) === directory) throw new Error(`Found no drizzle/ directory above ${__dirname}`);
  }
}
