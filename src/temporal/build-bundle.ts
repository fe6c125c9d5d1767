import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { projectRoot } from '../project-root';

/**
 * The last step of `npm run build`: bundles the compiled workflows once, so that no worker has to when it starts.
 * `dist/src/workflows/index.js` → `dist/workflow-bundle.js`.
 */
async function buildBundle(): Promise<void> {
  const dist = join(projectRoot(), 'dist');
  const workflowsPath = join(dist, 'src', 'workflows', 'index.js');
  if (!existsSync(workflowsPath)) throw new Error(`${workflowsPath} is missing: compile first ("npm run build" does).`);
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [join(dist, 'src', 'workflows', 'run', 'delivery-order.js')],
    failureConverterPath: join(dist, 'src', 'workflows', 'failure-converter.js'),
    logger: new DefaultLogger('WARN'),
  });
  writeFileSync(join(dist, 'workflow-bundle.js'), code);
}

buildBundle().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
