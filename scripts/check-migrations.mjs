// Numbers of drizzle/ have no gap, and no file of the main branch was changed: databases out there have applied it.
// Before the first release (no tag yet) files may still change.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';

const root = fileURLToPath(new URL('..', import.meta.url));
const { readMigrations } = createRequire(import.meta.url)('../dist/src/db/migration-files.js');
const git = (...args) =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

const files = readMigrations();
let released;
try {
  released = git('describe', '--tags', '--abbrev=0');
} catch {
  // Not a checkout, or nothing released yet.
}
const changed =
  released === undefined
    ? []
    : git('diff', '--name-only', '--diff-filter=MDR', released, '--', 'drizzle').split('\n').filter(Boolean);
if (changed.length > 0) {
  console.error(`changed since ${released}, write a new migration instead: ${changed.join(', ')}`);
  process.exit(1);
}
console.log(`${files.length} migrations in order`);
