// `npm run build`: compiles the program to dist/, then creates the workflow bundle, the console and the declarations of
// the plugin contract. Types are checked separately (`npm run typecheck`), because the compiler used here takes
// seconds, whereas tsc takes a minute.
// usage: node scripts/build.mjs [bundle|console|declarations…] (default: all; the program is always compiled)
import { transformFile } from '@swc/core';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** The bench uses some files of test/support. An image contains neither directory. */
const SOURCES = ['src', 'bench', join('test', 'support')].filter((directory) => existsSync(join(root, directory)));

const isProgram = (file) => file.endsWith('.ts') && !/\.(d|test|fixture)\.ts$/.test(file);

async function compile() {
  const files = SOURCES.flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
      .filter(isProgram)
      .map((file) => join(directory, file)),
  );
  await Promise.all(files.map(compileFile));
}

async function compileFile(file) {
  const target = join(root, 'dist', file.replace(/\.ts$/, '.js'));
  const { code, map } = await transformFile(join(root, file), {
    ...{ swcrc: false, configFile: false, sourceMaps: true },
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    // Keep dynamic imports, so that a subcommand only loads its own modules. The annotation lists the exports for them.
    // `lazy` loads a package at its first use, so that processes do not load packages that they never use.
    module: { type: 'commonjs', ignoreDynamic: true, exportInteropAnnotation: true, lazy: true },
  });
  const sources = JSON.parse(map);
  sources.sources = [relative(dirname(target), join(root, file))];
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, `${code}//# sourceMappingURL=${basename(target)}.map\n`);
  writeFileSync(`${target}.map`, JSON.stringify(sources));
}

function run(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${args[0]} ended with exit code ${code}.`)),
    );
  });
}

const bin = (name, ...path) => join(root, 'node_modules', name, ...path);
const PARTS = {
  bundle: () => run(join('dist', 'src', 'temporal', 'build-bundle.js')),
  console: () => run(bin('vite', 'bin', 'vite.js'), 'build', '-c', 'console/vite.config.mts', '--logLevel', 'error'),
  declarations: () => run(bin('typescript', 'bin', 'tsc'), '-p', 'tsconfig.plugin.json'),
};
const wanted = process.argv.slice(2);
const unknown = wanted.filter((part) => !(part in PARTS));
if (unknown.length > 0) {
  console.error(`unknown part ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}
try {
  await compile();
  const parts = Object.entries(PARTS).filter(([name]) => wanted.length === 0 || wanted.includes(name));
  await Promise.all(parts.map(([, make]) => make()));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
