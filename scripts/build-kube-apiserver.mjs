// Builds kube-apiserver from Go modules, for the tests of the Kubernetes integration. No distribution packages it.
// Run the tests, which also need etcd, with:
// KUBE_APISERVER=FILE npx jest --selectProjects=unit --testPathPatterns=integrations/kubernetes
// usage: node scripts/build-kube-apiserver.mjs FILE
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const VERSION = '36.3';

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/build-kube-apiserver.mjs FILE');
  process.exit(2);
}
const directory = mkdtempSync(join(tmpdir(), 'fermata-kube-'));
const go = (args, options = {}) => {
  const result = spawnSync('go', args, { cwd: directory, encoding: 'utf8', ...options });
  if (result.status !== 0) throw new Error(`go ${args.join(' ')} failed: ${result.stderr ?? ''}`);
  return result.stdout;
};
try {
  const { Dir } = JSON.parse(go(['mod', 'download', '-json', `k8s.io/kubernetes@v1.${VERSION}`]));
  // kube-apiserver replaces some of its modules with directories of its repository. Use the released modules instead.
  const given = readFileSync(join(Dir, 'go.mod'), 'utf8').replace(/^replace \([^)]*\)/gm, '');
  const staged = [...given.matchAll(/^\s*(k8s\.io\/\S+) v0\.0\.0$/gm)].map(([, name]) => name);
  const modules = given
    .replace(/^module .*$/m, 'module fermata.test/kube')
    .replace(/(k8s\.io\/\S+) v0\.0\.0$/gm, `$1 v0.${VERSION}`)
    .replace('require (', `require (\n\tk8s.io/kubernetes v1.${VERSION}`);
  const replaced = staged.map((name) => `replace ${name} => ${name} v0.${VERSION}\n`).join('');
  writeFileSync(join(directory, 'go.mod'), `${modules}\n${replaced}`);
  copyFileSync(join(Dir, 'go.sum'), join(directory, 'go.sum'));
  const server = 'k8s.io/kubernetes/cmd/kube-apiserver';
  writeFileSync(join(directory, 'main.go'), `package main\n\nimport _ "${server}/app"\n\nfunc main() {}\n`);
  go(['build', '-mod=mod', '-ldflags=-s -w', '-o', resolve(file), server], { stdio: ['ignore', 'pipe', 'inherit'] });
} finally {
  rmSync(directory, { recursive: true, force: true });
}
