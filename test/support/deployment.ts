import { randomUUID } from 'node:crypto';
import { lazyClient } from '../../src/temporal/connect';
import type { Engine, RunRow } from './engine';
import { runFermata, startFermata, type FermataProcess } from './process';
import { until } from './until';

/** Versioned workers of one deployment, and what Temporal reports about their runs. */
export interface TestDeployment {
  /**
   * Starts a worker with the given build id and waits until it is connected. `root` is the directory of another build
   * of the program.
   */
  worker(buildId: string, root?: string): Promise<FermataProcess>;
  /**
   * Runs `fermata release <args> --json` and returns the resulting status.
   * @throws {Error} when the command fails. The message contains its error output.
   */
  release(...args: string[]): Promise<Record<string, unknown>>;
  /** Like `release`, but repeats the command until Temporal has seen the workers of the build. */
  whenSeen(...args: string[]): Promise<Record<string, unknown>>;
  /**
   * Returns the build whose worker completed the last workflow task of a run. Undefined if no workflow task is
   * completed.
   */
  buildOf(run: RunRow | undefined): Promise<string | undefined>;
  /** Returns the settings of the deployment. */
  env(buildId: string): Record<string, string>;
  close(): Promise<void>;
}

export function createTestDeployment(engine: Engine): TestDeployment {
  const name = `test-${randomUUID()}`;
  const client = lazyClient(engine.temporal);
  const processes: FermataProcess[] = [];
  const env = (buildId: string) => ({ FERMATA_DEPLOYMENT_NAME: name, FERMATA_BUILD_ID: buildId });
  const release = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, out, err } = await runFermata(['release', ...args, '--json'], engine.env(env('none')));
    if (code !== 0) throw new Error(`release ${args.join(' ')}: ${err}`);
    return JSON.parse(out) as Record<string, unknown>;
  };
  return {
    env,
    release,
    async worker(buildId, root) {
      const worker = startFermata(['worker'], engine.env(env(buildId)), undefined, root);
      processes.push(worker);
      await until(
        `the worker of build ${buildId} is connected`,
        () => {
          if (worker.exited()) throw new Error(`The worker ended:\n${worker.output()}`);
          return worker.output().includes('connected to Temporal');
        },
        90_000,
      );
      return worker;
    },
    whenSeen: (...args) =>
      until('Temporal has seen the workers', () => release(...args).catch(() => false as const), 60_000),
    async buildOf(run) {
      const { workflow_id: workflowId, execution_run_id: runId } = run as RunRow;
      const { workflowExecutionInfo } = await client.workflowService.describeWorkflowExecution({
        namespace: engine.temporal.namespace,
        execution: { workflowId, runId },
      });
      return workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? undefined;
    },
    async close() {
      await Promise.all(processes.map((process) => process.stop('SIGKILL')));
      await client.connection.close();
    },
  };
}
