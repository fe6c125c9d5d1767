import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { COMMIT_FILE } from '../build-id';
import { projectRoot } from '../project-root';
import { bundleOptions } from './bundle-options';

/**
 * Bundles the compiled workflows as part of `npm run build`, so that workers need not do so when they start:
 * `dist/src/workflows/index.js` → `dist/workflow-bundle.js`.
 */
async function buildBundle(): Promise<void> {
  const dist = join(projectRoot(), 'dist');
  const workflows = join(dist, 'src', 'workflows');
  if (!existsSync(workflows)) throw new Error(`${workflows} is missing: compile first ("npm run build" does).`);
  const options = bundleOptions(workflows);
  const { code } = await bundleWorkflowCode({
    ...options,
    preloadModules: [join(workflows, 'without-stack-traces.js'), ...options.preloadModules],
    logger: new DefaultLogger('WARN'),
  });
  writeFileSync(join(dist, 'workflow-bundle.js'), code);
  writeFileSync(join(projectRoot(), COMMIT_FILE), `${process.env['FERMATA_COMMIT'] || commitOfCheckout()}\n`);
}

/** Returns the commit of the checkout, with `-dirty` when files have been changed; '' outside of a checkout. */
function commitOfCheckout(): string {
  const args = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude', '*'];
  const { status, stdout } = spawnSync('git', args, { cwd: projectRoot(), encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}

buildBundle().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
