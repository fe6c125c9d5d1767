import { parentPort, workerData } from 'node:worker_threads';
import '../../domain/validation/install-messages';
import { createPluginFilters } from '../../domain/registry/plugin-filters';
import { createRegistry } from '../../domain/registry/registry';
import { createEgress } from '../../edges/egress/egress';
import type { Action } from '../../integrations/contract';
import { loadPlugins } from '../../integrations/load-plugins';
import { createPlugins } from '../../integrations/plugins';
import { createDocumentChecks } from './document-checks';
import type { CheckJob, CheckThreadData } from './document-work';
import { answerOfError, type ThreadAnswer } from './thread-answer';

/**
 * Entry point of a thread that checks documents. The thread has the triggers, actions and filters of its process. It
 * does not call other systems.
 */
async function serve(): Promise<void> {
  const { plugins: modules, directory } = workerData as CheckThreadData;
  const egress = createEgress({ allow: [] });
  const own = await loadPlugins(modules, { egress }, directory);
  const plugins = createPlugins({ egress, own });
  const registry = createRegistry<Action>(plugins);
  const checks = createDocumentChecks({ registry, filters: createPluginFilters(plugins, () => undefined) });
  parentPort?.on('message', ({ id, job }: { id: number; job: CheckJob }) => {
    parentPort?.postMessage({ id, answer: answerOf(() => checks[job.check](job.input as never)) });
  });
  parentPort?.postMessage('ready');
}

function answerOf(work: () => unknown): ThreadAnswer {
  try {
    return { result: work() };
  } catch (error) {
    return answerOfError(error);
  }
}

void serve();
