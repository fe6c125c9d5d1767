import { sql } from 'drizzle-orm';
import type { Executor } from '../executor';
import { Definition } from '../../domain/definition/schema';
import { FermataError } from '../../domain/errors';
import { LruCache } from '../../domain/expressions/lru-cache';
import type { RunFacts } from '../../domain/run/scope';
import { claimRun, type ClaimedRow as RunRow, type ClaimedRun, type PendingRow } from './claim';
import type { StartableRun } from './start-queue';

/** The parts of a run that never change while it runs, and the definition to which it is pinned. */
export interface RunSource {
  runId: string;
  automationId: string;
  version: number;
  scopeKey: string;
  mode: string;
  rootRunId: string;
  depth: number;
  facts: RunFacts;
  definition: Definition;
}

/** Maximum size of each cache in bytes. Entries count with their size in Postgres. */
const CACHE_BYTES = 16 * 1024 * 1024;

/** Reads runs and definitions, and caches them in the process. The steps of a run usually stay on one worker. */
export interface RunSources {
  /**
   * Returns the parts of a run.
   * @throws {FermataError} `not_found`
   */
  sourceOf(runId: string): Promise<RunSource>;
  /** Claims a run for an execution (`claimRun`) and caches the returned row. Returns null when the claim fails. */
  claim(runId: string, executionRunId: string): Promise<ClaimedRun | null>;
  /** Keeps the row of a run that this process is about to start, for `takeStarting`. */
  keepStarting(run: StartableRun): void;
  /**
   * Returns a run that this process has just started, without reading it, or null if its row was not kept. Later calls
   * return null. Until the run is claimed, `facts.run.startedAt` is not known.
   */
  takeStarting(runId: string): Promise<{ source: RunSource; variables: Record<string, unknown> } | null>;
  /** Removes a run from the cache. */
  forgetRun(runId: string): void;
  /** Completes a run from `takeStarting` when it has been claimed. */
  noteStarted(source: RunSource, startedAt: Date): void;
}

/**
 * Creates bounded caches of runs and definitions. Cached entries never change: a run is pinned to its version, and its
 * trigger scope is written once.
 */
export function createRunSources(db: Executor): RunSources {
  const runs = new LruCache<RunSource>(1_000, CACHE_BYTES);
  const definitions = new LruCache<Definition>(500, CACHE_BYTES);
  const starting = new LruCache<{ row: RunRow; variables: Record<string, unknown> }>(1_000, CACHE_BYTES);

  const definitionOf = async (automationId: string, version: number): Promise<Definition> => {
    const key = `${automationId}/${version}`;
    const known = definitions.get(key);
    if (known) return known;
    const result = await db.execute<{ definition: unknown; bytes: number }>(sql`
      select definition, pg_column_size(definition) as bytes from automation_versions where automation_id = ${automationId} and version = ${version}`);
    const definition = Definition.parse(result.rows[0]?.definition);
    definitions.set(key, definition, result.rows[0]?.bytes);
    return definition;
  };

  const keep = async (runId: string, row: RunRow): Promise<RunSource> => {
    const source = toSource(runId, row, await definitionOf(row.automation_id, row.version));
    runs.set(runId, source, row.bytes);
    return source;
  };

  return {
    async sourceOf(runId) {
      const known = runs.get(runId);
      if (known) return known;
      const result = await db.execute<RunRow>(sql`
        select r.automation_id, r.version, r.scope_key, r.mode, r.root_run_id, r.depth, r.context_key, r.trigger_scope,
          r.started_at, r.created_at, pg_column_size(r.trigger_scope) as bytes, a.name, a."group"
        from runs r join automations a on a.id = r.automation_id where r.id = ${runId}`);
      const row = result.rows[0];
      if (!row) throw new FermataError('not_found', `Run ${runId} not found.`);
      return keep(runId, row);
    },
    async claim(runId, executionRunId) {
      const claimed = await claimRun(db, runId, executionRunId);
      if (claimed !== null) await keep(runId, claimed.row);
      return claimed;
    },
    keepStarting(run) {
      const { id, row } = run;
      if (row?.trigger_scope && !run.wasLost) {
        starting.set(id, { row: rowOf(run, row, row.trigger_scope), variables: row.variables }, row.bytes);
      }
    },
    async takeStarting(runId) {
      const started = starting.take(runId);
      if (started === undefined) return null;
      return { source: await keep(runId, started.row), variables: started.variables };
    },
    forgetRun: (runId) => void runs.take(runId),
    noteStarted(source, startedAt) {
      source.facts.run.startedAt = startedAt.toISOString();
    },
  };
}

const rowOf = (run: StartableRun, row: PendingRow, scope: Record<string, unknown>): RunRow => ({
  ...{ automation_id: run.automationId, version: run.version, scope_key: row.scope_key, mode: run.mode },
  ...{ root_run_id: row.root_run_id, depth: row.depth, context_key: run.contextKey, trigger_scope: scope },
  ...{ started_at: null, created_at: row.created_at, bytes: row.bytes },
  ...{ name: run.automationName, group: run.automationGroup },
});

function toSource(runId: string, row: RunRow, definition: Definition): RunSource {
  return {
    runId,
    automationId: row.automation_id,
    version: row.version,
    scopeKey: row.scope_key,
    mode: row.mode,
    rootRunId: row.root_run_id,
    depth: row.depth,
    facts: {
      trigger: row.trigger_scope,
      contextKey: row.context_key,
      run: { id: runId, startedAt: new Date(row.started_at ?? row.created_at).toISOString() },
      automation: { id: row.automation_id, name: row.name, group: row.group },
    },
    definition,
  };
}
