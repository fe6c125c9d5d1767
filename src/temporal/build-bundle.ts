import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { projectRoot } from '../project-root';
import { bundleOptions } from './bundle-options';

/**
 * The last step of `npm run build`: bundles the compiled workflows once, so that no worker has to when it starts.
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
}

buildBundle().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
