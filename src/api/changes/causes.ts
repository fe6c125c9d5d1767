import type { z } from 'zod';
import { findChanges } from '../../db/change-queries';
import type { Executor } from '../../db/executor';
import { changesCausedBy, runsStartedBy } from '../../db/routing-queries';
import { runsWithIds, type RunOfChange } from '../../db/runs/runs-of-change';
import type { Change } from '../../domain/entities/change';
import { MAX_DEPTH } from '../../domain/run/limits';
import type { ChangeDetail } from './change-answer';

type Causes = z.input<typeof ChangeDetail>['causes'];
type Cause = Causes['up'][number];

/** Most changes below one that an answer lists. */
const MOST_BELOW = 100;

interface Link {
  runId: string;
  run: RunOfChange | undefined;
  changeId: string | null;
}

/** Returns the chain of causes of a change: up to what came from outside, and down over all that its runs wrote. */
export async function causesOf(db: Executor, change: Change, startedRuns: readonly string[]): Promise<Causes> {
  const [up, down] = [await above(db, change), await below(db, startedRuns)];
  const ids = [...up, ...down].flatMap(({ changeId }) => changeId ?? []);
  const changes = new Map((await findChanges(db, ids)).map((logged) => [logged.change.changeId, logged.change]));
  const toCause = ({ runId, run, changeId }: Link): Cause => {
    const of = changeId === null ? undefined : changes.get(changeId);
    return {
      runId,
      automationId: run?.automationId ?? null,
      automationName: run?.automationName ?? null,
      changeId,
      kind: of?.kind ?? null,
      id: of?.id ?? null,
      event: of?.shape === 'event' ? of.event : null,
    };
  };
  return { up: up.map(toCause), down: down.map(toCause) };
}

async function above(db: Executor, change: Change): Promise<Link[]> {
  const links: Link[] = [];
  for (let runId = change.causedBy; runId !== null && links.length <= MAX_DEPTH;) {
    const [run] = await runsWithIds(db, [runId]);
    const changeId = run?.changeId ?? null;
    links.push({ runId, run, changeId });
    const [cause] = changeId === null ? [] : await findChanges(db, [changeId]);
    runId = cause?.change.causedBy ?? null;
  }
  return links;
}

async function below(db: Executor, startedRuns: readonly string[]): Promise<Link[]> {
  const links: Link[] = [];
  let runIds = startedRuns;
  for (let depth = 0; runIds.length > 0 && depth <= MAX_DEPTH && links.length < MOST_BELOW; depth += 1) {
    const caused = await changesCausedBy(db, runIds, MOST_BELOW - links.length);
    const runs = new Map((await runsWithIds(db, runIds)).map((run) => [run.id, run]));
    links.push(...caused.map(({ runId, changeId }) => ({ runId, run: runs.get(runId), changeId })));
    const started = await runsStartedBy(
      db,
      caused.map(({ changeId }) => changeId),
      MOST_BELOW,
    );
    runIds = started.map(({ runId }) => runId);
  }
  return links;
}
