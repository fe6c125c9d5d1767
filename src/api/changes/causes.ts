import type { z } from 'zod';
import { findChanges, type LoggedChange } from '../../db/change-queries';
import { changesDerivedFrom } from '../../db/derived-changes';
import type { Executor } from '../../db/executor';
import { changesCausedBy, runsStartedBy, type EffectsPage } from '../../db/routing-queries';
import { runsWithIds, type RunOfChange } from '../../db/runs/runs-of-change';
import type { Change } from '../../domain/entities/change';
import { sourcesOf } from '../../domain/entities/derived-from';
import type { Registry } from '../../domain/registry/registry';
import { MAX_DEPTH } from '../../domain/run/limits';
import { toRef, toRunOfChange, type CauseAnswer, type ChangeDetail } from './change-answer';

type Cause = z.input<typeof CauseAnswer>;

/** Maximum number of effects that a response lists for a change or run. */
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

/** The changes that a set of runs caused, nearest first: at most `MAX_BELOW`. */
export interface Effects {
  links: LinkBelow[];
  /** Whether changes or runs were left out because there are more than `MAX_BELOW`. */
  more: boolean;
}

/**
 * Returns the causes and effects of a change: the chain up to the external change, the changes that were derived from
 * it, and all changes written by runs that it led to.
 */
export async function causesOf(
  db: Executor,
  registry: Registry,
  logged: LoggedChange,
  startedRuns: readonly string[],
): Promise<z.input<typeof ChangeDetail>['causes']> {
  const { change, recordedAt } = logged;
  const [up, derived, sources] = await Promise.all([
    causeChain(db, change.causedBy),
    changesDerivedFrom(db, [logged]),
    sourcesOfChanges(db, [change]),
  ]);
  const derivedIds = [...new Set(derived.map(({ changeId }) => changeId))];
  const started = await runsStartedBy(db, derivedIds, { since: recordedAt, limit: MAX_BELOW });
  const runIds = started.map(({ runId }) => runId);
  const { links: down } = await effectsOf(db, [...new Set([...startedRuns, ...runIds])], { since: recordedAt });
  const [toCause, changes, runs] = await Promise.all([
    causeAnswers(db, registry, [...up, ...down]),
    findChanges(db, derivedIds),
    runsWithIds(db, runIds),
  ]);
  const runsOf = (id: string) => started.filter(({ changeId }) => changeId === id).map(({ runId }) => runId);
  return {
    from: refsOf(change, sources, registry),
    to: changes.toSorted(bySeq).map(({ change: to }) => {
      const own = runsOf(to.changeId);
      return { ...toRef(to, registry), runs: runs.filter(({ id }) => own.includes(id)).map(toRunOfChange) };
    }),
    up: up.map(toCause),
    down: down.map(toCause),
  };
}

const bySeq = (a: LoggedChange, b: LoggedChange) => a.change.seq - b.change.seq;

/**
 * Returns, by id, the changes from which the given changes were derived, directly or through one other change. Changes
 * that are no longer in the log are left out. Two steps are followed, because an impact on other systems is derived
 * from a health change, and the health change is derived from alerts or check results.
 */
async function sourcesOfChanges(db: Executor, changes: readonly Change[]): Promise<Map<string, Change>> {
  const before = async (derived: readonly Change[]) => {
    const found = await findChanges(db, [...new Set(derived.flatMap(sourcesOf))]);
    return found.map(({ change }) => change);
  };
  const direct = await before(changes);
  return new Map([...direct, ...(await before(direct))].map((change) => [change.changeId, change]));
}

const knownSources = (change: Change, sources: ReadonlyMap<string, Change>): Change[] =>
  sourcesOf(change).flatMap((id) => sources.get(id) ?? []);

const refsOf = (change: Change, sources: ReadonlyMap<string, Change>, registry: Registry) =>
  knownSources(change, sources).map((source) => ({
    ...toRef(source, registry),
    from: knownSources(source, sources).map((further) => toRef(further, registry)),
  }));

/** Creates a function that converts links to their response format. */
export async function causeAnswers(
  db: Executor,
  registry: Registry,
  links: readonly Link[],
): Promise<(link: Link) => Cause> {
  const ids = links.flatMap(({ changeId }) => changeId ?? []);
  const changes = new Map((await findChanges(db, ids)).map(({ change }) => [change.changeId, change]));
  const sources = await sourcesOfChanges(db, [...changes.values()]);
  return ({ runId, run, changeId }) => {
    const of = changeId === null ? undefined : changes.get(changeId);
    const ref = of === undefined ? { ...NO_CHANGE, changeId } : toRef(of, registry);
    return {
      runId,
      automationId: run?.automationId ?? null,
      automationName: run?.automationName ?? null,
      ...ref,
      from: of === undefined ? [] : refsOf(of, sources, registry),
    };
  };
}

/** Response fields for a change that is unknown or no longer in the log. */
const NO_CHANGE = { kind: null, id: null, name: null, event: null, customType: null, events: [] };

/**
 * Returns a run and the runs that led to it, nearest first, each with the change that started it. Returns an empty list
 * if `causedBy` is null, i.e. for an external change.
 */
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
 * total and at most `MAX_BELOW` started runs per depth. With `newest`, returns the newest of each depth.
 */
export async function effectsOf(
  db: Executor,
  runIds: readonly string[],
  page: Pick<EffectsPage, 'since' | 'newest'>,
): Promise<Effects> {
  const links: LinkBelow[] = [];
  let writers = runIds;
  for (let depth = 0; writers.length > 0 && depth <= MAX_DEPTH; depth += 1) {
    const room = MAX_BELOW - links.length;
    const caused = await changesCausedBy(db, writers, { ...page, limit: room + 1 });
    const shown = caused.slice(0, room);
    const changeIds = shown.map(({ changeId }) => changeId);
    const started = await runsStartedBy(db, changeIds, { ...page, limit: MAX_BELOW + 1 });
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
