import type { z } from 'zod';
import { findChanges } from '../../db/change-queries';
import type { Executor } from '../../db/executor';
import { changesCausedBy, runsStartedBy } from '../../db/routing-queries';
import { runsWithIds, type RunOfChange } from '../../db/runs/runs-of-change';
import type { Change } from '../../domain/entities/change';
import type { Registry } from '../../domain/registry/registry';
import { MAX_DEPTH } from '../../domain/run/limits';
import { customTypeOf, eventsOf, type CauseAnswer } from './change-answer';

type Cause = z.input<typeof CauseAnswer>;

/** Maximum number of effects of a change or run that a response lists. */
export const MAX_BELOW = 100;

/** A change with the run that wrote it, or a run with the change that started it. */
interface Link {
  runId: string;
  run: RunOfChange | undefined;
  changeId: string | null;
}

/** A change that a run wrote, and the runs that the change started. */
export interface LinkBelow extends Link {
  changeId: string;
  /** Number of runs between the change and the runs whose effects were requested. 0 if one of these runs wrote it. */
  depth: number;
  startedRunIds: string[];
}

/** Everything that runs caused, nearest first. */
export interface Effects {
  links: LinkBelow[];
  /** Whether changes or runs were left out because there are more than `MAX_BELOW`. */
  more: boolean;
}

/**
 * Returns the causes and effects of a change: the chain up to the external change, and all changes written by runs that
 * it led to.
 */
export async function causesOf(
  db: Executor,
  registry: Registry,
  { change, recordedAt }: { change: Change; recordedAt: Date },
  startedRuns: readonly string[],
): Promise<{ up: Cause[]; down: Cause[] }> {
  const up = await causeChain(db, change.causedBy);
  const { links: down } = await effectsOf(db, startedRuns, recordedAt);
  const toCause = await causeAnswers(db, registry, [...up, ...down]);
  return { up: up.map(toCause), down: down.map(toCause) };
}

/** Creates a function that converts links to their form in responses. */
export async function causeAnswers(
  db: Executor,
  registry: Registry,
  links: readonly Link[],
): Promise<(link: Link) => Cause> {
  const ids = links.flatMap(({ changeId }) => changeId ?? []);
  const changes = new Map((await findChanges(db, ids)).map(({ change }) => [change.changeId, change]));
  return ({ runId, run, changeId }) => {
    const of = changeId === null ? undefined : changes.get(changeId);
    return {
      runId,
      automationId: run?.automationId ?? null,
      automationName: run?.automationName ?? null,
      changeId,
      kind: of?.kind ?? null,
      id: of?.id ?? null,
      event: of?.shape === 'event' ? of.event : null,
      customType: of === undefined ? null : customTypeOf(of),
      events: of === undefined ? [] : eventsOf(of, registry),
    };
  };
}

/** Returns a run and the runs that led to it, nearest first, each with the change that started it. */
export async function causeChain(db: Executor, causedBy: string | null): Promise<Link[]> {
  const links: Link[] = [];
  for (let runId = causedBy; runId !== null && links.length <= MAX_DEPTH;) {
    const [run] = await runsWithIds(db, [runId]);
    links.push({ runId, run, changeId: run?.changeId ?? null });
    runId = run?.causedBy ?? null;
  }
  return links;
}

/**
 * Returns the changes that runs have caused since an instant, nearest first. Returns at most `MAX_BELOW` changes in
 * total and at most `MAX_BELOW` started runs per depth.
 */
export async function effectsOf(db: Executor, runIds: readonly string[], since: Date): Promise<Effects> {
  const links: LinkBelow[] = [];
  let writers = runIds;
  for (let depth = 0; writers.length > 0 && depth <= MAX_DEPTH; depth += 1) {
    const room = MAX_BELOW - links.length;
    const caused = await changesCausedBy(db, writers, { since, limit: room + 1 });
    const shown = caused.slice(0, room);
    const changeIds = shown.map(({ changeId }) => changeId);
    const started = await runsStartedBy(db, changeIds, { since, limit: MAX_BELOW + 1 });
    const runs = new Map((await runsWithIds(db, writers)).map((run) => [run.id, run]));
    const startedBy = new Map(changeIds.map((changeId): [string, string[]] => [changeId, []]));
    for (const { changeId, runId } of started.slice(0, MAX_BELOW)) startedBy.get(changeId)?.push(runId);
    links.push(
      ...shown.map(({ runId, changeId }) => {
        return { runId, run: runs.get(runId), changeId, depth, startedRunIds: startedBy.get(changeId) ?? [] };
      }),
    );
    if (caused.length > room || started.length > MAX_BELOW) return { links, more: true };
    writers = started.map(({ runId }) => runId);
  }
  return { links, more: false };
}
