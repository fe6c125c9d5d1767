import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import { projectRoot } from '../../src/project-root';
import { workflowBundle } from '../../src/temporal/worker';
import { plantIncompatibleChange } from '../support/other-build';

const DIRECTORY = join(projectRoot(), 'test', 'replay', 'histories');
/** Each release has a directory. The histories of earlier releases are never changed. */
const histories = readdirSync(DIRECTORY).flatMap((release) =>
  readdirSync(join(DIRECTORY, release)).map((file) => ({
    workflowId: file.replace('.json', ''),
    history: JSON.parse(readFileSync(join(DIRECTORY, release, file), 'utf8')) as unknown,
  })),
);

/** Returns the bundle with a change that requires `patched`. */
async function incompatibleBundle(): Promise<{ code: string }> {
  const bundle = await workflowBundle();
  return { code: plantIncompatibleChange('code' in bundle ? bundle.code : readFileSync(bundle.codePath, 'utf8')) };
}

describe('recorded histories', () => {
  it('exist for every example and every guide', () => {
    const named = (folder: string, prefix: string) =>
      readdirSync(join(projectRoot(), 'examples', folder)).map((file) => `${prefix}${file.replace('.yaml', '')}`);
    const examples = [...named('automations', ''), ...named('guides', 'guide-')];
    const recorded = new Set(histories.map(({ workflowId }) => workflowId.replace(/-\d+$/, '')));
    expect(examples.filter((name) => !recorded.has(name))).toEqual([]);
  });

  it('are replayed without a difference', async () => {
    let replayed = 0;
    for await (const { workflowId, error } of Worker.runReplayHistories(
      { workflowBundle: await workflowBundle() },
      histories,
    )) {
      expect({ workflowId, error }).toEqual({ workflowId, error: undefined });
      replayed += 1;
    }
    expect(replayed).toBe(histories.length);
  }, 60_000);

  it('are not replayed by a bundle with an incompatible change', async () => {
    const [first] = histories;
    if (!first) throw new Error('no history');
    const replay = Worker.runReplayHistory({ workflowBundle: await incompatibleBundle() }, first.history);
    await expect(replay).rejects.toThrow(DeterminismViolationError);
  }, 60_000);
});
