// Checks that the numbers of the files in drizzle/ have no gaps, that no released file was changed (databases have
// already applied it), and that no file locks a table in use for long (src/db/migration-rules.ts). Before the first
// release (no tag yet), files may still be changed.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const { readMigrations } = require('../dist/src/db/migration-files.js');
const { migrationFindings } = require('../dist/src/db/migration-rules.js');
const git = (...args) =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

const files = readMigrations();
let released;
try {
  released = git('describe', '--tags', '--abbrev=0');
} catch {
  // Not a git checkout, or nothing has been released yet.
}
const changed =
  released === undefined
    ? []
    : git('diff', '--name-only', '--diff-filter=MDR', released, '--', 'drizzle').split('\n').filter(Boolean);
if (changed.length > 0) {
  console.error(`changed since ${released}, write a new migration instead: ${changed.join(', ')}`);
  process.exit(1);
}
const findings = files.flatMap((file) =>
  migrationFindings(file).map(
    (finding) => `drizzle/${String(file.version).padStart(4, '0')}_${file.name}.sql: ${finding}`,
  ),
);
if (findings.length > 0) {
  console.error(findings.join('\n'));
  process.exit(1);
}
console.log(`${files.length} migrations in order`);
