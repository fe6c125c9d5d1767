import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../src/project-root';

/** Another build of the program. */
export interface OtherBuild {
  /** Directory to pass to `startFermata`. */
  root: string;
  remove(): void;
}

/** Returns workflow code with a change that requires `patched`: a timer before the claim. */
export function plantIncompatibleChange(code: string): string {
  // The name of the SDK's module in the output depends on the compiler.
  const planted = code.replace(
    /const claimed = await (\w+(?:\(\))?)\./,
    'await (0, $1.sleep)(1); const claimed = await $1.',
  );
  if (planted === code)
    throw new Error('The workflow code has changed: choose another place for the incompatible change');
  return planted;
}

/** Returns a copy of the built program whose workflow code cannot continue runs of this build. */
export function incompatibleBuild(): OtherBuild {
  const build = directory();
  for (const part of ['package.json', 'temporal-dev.yml', 'drizzle', 'dist']) {
    cpSync(join(projectRoot(), part), join(build.root, part), {
      recursive: true,
      filter: (source) => source !== join(projectRoot(), 'dist', 'console'),
    });
  }
  const bundle = join(build.root, 'dist', 'workflow-bundle.js');
  writeFileSync(bundle, plantIncompatibleChange(readFileSync(bundle, 'utf8')));
  return build;
}

/** Builds the program of an earlier commit with the current packages. Takes a minute. */
export function earlierBuild(commit: string): OtherBuild {
  const build = directory();
  const archive = execFileSync('git', ['archive', commit], { cwd: projectRoot(), maxBuffer: 1 << 29 });
  execFileSync('tar', ['-x', '-C', build.root], { input: archive });
  const run = (...args: string[]) => execFileSync(process.execPath, args, { cwd: build.root, stdio: 'pipe' });
  if (existsSync(join(build.root, 'scripts', 'build.mjs'))) run(join('scripts', 'build.mjs'), 'bundle');
  else {
    run(join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json');
    run(join('dist', 'src', 'temporal', 'build-bundle.js'));
  }
  return build;
}

/** Creates an empty directory with the packages of this project. */
function directory(): OtherBuild {
  const root = mkdtempSync(join(tmpdir(), 'fermata-build-'));
  symlinkSync(join(projectRoot(), 'node_modules'), join(root, 'node_modules'));
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}
