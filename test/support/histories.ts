import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { History } from '@temporalio/common/lib/proto-utils';
import { Worker } from '@temporalio/worker';
import { projectRoot } from '../../src/project-root';
import { lazyClient } from '../../src/temporal/connect';
import { findTemporalCli } from '../../src/dev/find-cli';
import { workflowBundle } from '../../src/temporal/worker';
import type { Engine, RunRow } from './engine';

const { version } = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as { version: string };
/** Each release has a separate directory. Its histories must not be recorded again after the release is published. */
const HISTORIES = join(projectRoot(), 'test', 'replay', 'histories', version);
/** Set by `npm run record-histories`. The new histories are then also written to `HISTORIES`, which CI replays. */
const RECORD = process.env['FERMATA_RECORD_HISTORIES'] === '1';

/**
 * Replays the histories of runs with the current workflow code, and records them if `RECORD` is set. Returns the number
 * of histories.
 * @throws {Error} at the first history that the code cannot replay
 */
export async function replayRuns(
  engine: Engine,
  runs: readonly RunRow[],
  names: ReadonlyMap<string, string>,
): Promise<number> {
  const histories = await fetchAll(engine, runs, names);
  const replay = Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, histories);
  for await (const { workflowId, error } of replay) {
    if (error) throw new Error(`${workflowId}: ${error.message}`, { cause: error });
  }
  if (RECORD) for (const { workflowId, run } of histories) await record(engine, workflowId, run);
  return histories.length;
}

async function fetchAll(
  engine: Engine,
  runs: readonly RunRow[],
  names: ReadonlyMap<string, string>,
): Promise<{ workflowId: string; history: History; run: RunRow }[]> {
  const client = lazyClient(engine.temporal);
  const count = new Map<string, number>();
  const histories: { workflowId: string; history: History; run: RunRow }[] = [];
  for (const run of runs.filter(({ execution_run_id }) => execution_run_id !== null)) {
    const name = names.get(String(run['automation_id'])) ?? '';
    const n = (count.get(name) ?? 0) + 1;
    count.set(name, n);
    const handle = client.workflow.getHandle(run.workflow_id, run.execution_run_id ?? undefined);
    histories.push({ workflowId: `${name}-${n}`, history: await handle.fetchHistory(), run });
  }
  await client.connection.close();
  return histories;
}

/**
 * Writes a history in the format of Temporal's command line, because users attach histories in this format to their
 * reports.
 */
async function record(engine: Engine, name: string, run: RunRow): Promise<void> {
  const cli = await findTemporalCli({
    home: join(projectRoot(), '.fermata'),
    env: process.env,
    onProgress: () => undefined,
  });
  const { address, namespace } = engine.temporal;
  const which = ['--workflow-id', run.workflow_id, '--run-id', run.execution_run_id ?? ''];
  const args = ['workflow', 'show', '--address', address, '--namespace', namespace, ...which, '--output', 'json'];
  const history = execFileSync(cli, args, { maxBuffer: 1 << 26, encoding: 'utf8' });
  mkdirSync(HISTORIES, { recursive: true });
  // Stack traces contain file names. Removes the local path of the project from them.
  writeFileSync(join(HISTORIES, `${name}.json`), history.replaceAll(`${projectRoot()}/`, './'));
}
