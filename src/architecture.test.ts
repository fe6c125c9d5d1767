import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './project-root';

const text = readFileSync(join(projectRoot(), 'ARCHITECTURE.md'), 'utf8');
const section = /^## Where is…\n(.*?)^## /ms.exec(text)?.[1] ?? '';
const rows = [...section.matchAll(/^\| (.+\?) \| `(.+)` \|$/gm)].map(([, question = '', file = '']) => [
  question,
  file,
]);

test('ARCHITECTURE.md answers at least ten questions with one file each', () => {
  expect(rows.length).toBeGreaterThanOrEqual(10);
  expect(section.match(/^\| .*\|$/gm)).toHaveLength(rows.length + 1);
});

test.each(rows)('the file that answers "%s" exists', (_question, file) => {
  expect(existsSync(join(projectRoot(), file))).toBe(true);
});

test('every source file that ARCHITECTURE.md names exists', () => {
  const named = [...text.matchAll(/`([\w./-]+\.tsx?)`/g)].map(([, file = '']) => file);
  const missing = named.filter((file) => ![file, `src/${file}`].some((path) => existsSync(join(projectRoot(), path))));
  expect(missing).toEqual([]);
});
