import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../../../src/project-root';

const script = join(projectRoot(), 'scripts', 'check-supply.mjs');
/** Evaluates an expression in a separate process, because the script is an ES module. */
const evaluate = (expression: string): unknown => {
  const text = `import { unpinnedImages, unverifiedPackages } from ${JSON.stringify(pathToFileURL(script).href)};
    console.log(JSON.stringify(${expression}));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8' }));
};

it('finds no problem in this repository', () => {
  expect(() => execFileSync(process.execPath, [script], { stdio: 'pipe' })).not.toThrow();
});

it('refuses packages without an integrity hash', () => {
  const packages = {
    '': {},
    'node_modules/good': { integrity: 'sha512-abc' },
    'node_modules/bad': { version: '1.0.0' },
    'node_modules/weak': { integrity: 'sha1-abc' },
    'node_modules/linked': { link: true },
  };
  const found = evaluate(`unverifiedPackages(${JSON.stringify({ packages })})`);
  expect(found).toEqual(['node_modules/bad', 'node_modules/weak']);
});

it('refuses images without a version and a digest', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const compose = ['postgres:17', 'temporal:latest', `x:latest@${digest}`, `y@${digest}`, `good:1.2@${digest}`]
    .map((image) => `    image: ${image}`)
    .join('\n');
  expect(evaluate(`unpinnedImages(${JSON.stringify(compose)})`)).toEqual([
    'postgres:17',
    'temporal:latest',
    `x:latest@${digest}`,
    `y@${digest}`,
  ]);
  expect(evaluate(`unpinnedImages('FROM node:22 AS build\\nFROM build\\n')`)).toEqual(['node:22']);
});
