// `npm run ci -- cycles`: refuses import cycles in src/, bench/ and console/src/, including cycles of `import type`,
// which the lint rule import-x/no-cycle does not detect. Prints one shortest cycle for each group of files, and exits 1
// if there is any.
// usage: node scripts/check-cycles.mjs
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const listed = execFileSync(
  'git',
  ['ls-files', '-z', '-co', '--exclude-standard', '--', 'src', 'bench', 'console/src'],
  {
    cwd: root,
    encoding: 'utf8',
  },
);
const files = listed.split('\0').filter((file) => /\.tsx?$/.test(file) && existsSync(join(root, file)));
const known = new Set(files);

/** Returns the files that `file` imports, including type-only imports. */
function importsOf(file) {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true);
  return importedFiles.flatMap(({ fileName }) => {
    if (!fileName.startsWith('.')) return [];
    const base = relative(root, join(root, dirname(file), fileName));
    return [`${base}.ts`, `${base}.tsx`, `${base}/index.ts`].filter((path) => known.has(path)).slice(0, 1);
  });
}

const graph = new Map(files.map((file) => [file, importsOf(file)]));

/** Returns the shortest path from `start` back to itself, or undefined if `start` is not part of a cycle. */
function circleThrough(start) {
  const cameFrom = new Map();
  const queue = [start];
  for (const file of queue) {
    for (const next of graph.get(file) ?? []) {
      if (next === start) {
        const way = [start];
        for (let at = file; at !== start; at = cameFrom.get(at)) way.unshift(at);
        return [start, ...way];
      }
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, file);
      queue.push(next);
    }
  }
  return undefined;
}

const reported = new Set();
let found = 0;
for (const file of files) {
  if (reported.has(file)) continue;
  const circle = circleThrough(file);
  if (circle === undefined) continue;
  for (const member of circle) reported.add(member);
  found += 1;
  console.log(circle.join('\n  → '));
}
console.log(`${found} import circles`);
process.exitCode = found === 0 ? 0 : 1;
