import { z } from 'zod';
import { findChange, listChanges, type LoggedChange } from '../../db/change-queries';
import type { Executor } from '../../db/executor';
import { areRoutingsKept, routingsOfChange } from '../../db/routing-queries';
import { runsOfChange, runsWithIds } from '../../db/runs/runs-of-change';
import type { Clock } from '../../domain/clock';
import { Duration, durationMs } from '../../domain/definition/duration';
import { FermataError } from '../../domain/errors';
import type { Registry } from '../../domain/registry/registry';
import { causesOf } from '../changes/causes';
import {
  ChangeDetail,
  ChangeSummary,
  contextKeyOf,
  senderOf,
  toCandidate,
  toChange,
  toRunOfChange,
  toSummary,
} from '../changes/change-answer';
import { namesOfKeys } from '../changes/context-name';
import { maintenanceNote } from '../changes/maintenance-note';
import { resolveFilter, type ResolvedFilter } from '../changes/change-filter';
import { decodeCursor, encodeCursor, pageOf, PageQuery } from '../http/pagination';
import { json, readRoute, type Route } from '../http/route';
import { IdParams, InstantQuery, notFound, uuidOrNotFound } from '../http/values';

const TAG = 'Events';
/** Maximum number of rows to read for one request that searches for an event without an index. */
const MAX_READ = 5_000;
/**
 * Time in milliseconds after which a search for an event without an index stops reading rows. The whole request then
 * takes at most about 100 ms.
 */
const MAX_READ_MS = 60;

export interface ChangeLookupDeps {
  db: Executor;
  registry: Registry;
  clock: Clock;
  /** Retention of routings in milliseconds. */
  routingsMs: number;
}

const Since = z.string().max(100).optional();

/** Returns the routes for changes and their outcomes. */
export function changeLookupRoutes(deps: ChangeLookupDeps): Route[] {
  const { db, registry, clock } = deps;
  return [
    readRoute({
      method: 'get',
      path: '/changes',
      permission: 'automation.read',
      operationId: 'changes.list',
      tag: TAG,
      summary: 'Search events and changes of state, newest first',
      description:
        'A page may have fewer items than `limit` even if more follow (see `nextCursor`), because few of the changes that were searched match the event.',
      query: z.object({
        ...PageQuery,
        kind: z.string().min(1).max(200).optional(),
        entity: z.string().min(1).max(512).optional().describe('Id of an entity, e.g. the fingerprint of an alert'),
        event: z.string().min(1).max(200).optional().describe('Event of a trigger, or type of a custom event'),
        system: z
          .string()
          .min(1)
          .max(512)
          .optional()
          .describe('Id of a system; finds changes of its health, alerts, incidents and maintenances'),
        since: Since.describe('Received at or after this instant, or within this duration before now, e.g. `1h`'),
        until: Since.describe('Received before this instant, or longer ago than this duration'),
      }),
      responses: { 200: { description: 'A page of changes', schema: pageOf(ChangeSummary) } },
      async handler({ query: { limit, cursor, since, until, ...query } }) {
        const now = clock.now();
        const range = { since: instantOf(since, 'since', now), until: instantOf(until, 'until', now) };
        const resolved = await resolveFilter(db, registry, query);
        const before = decodeCursor(z.int(), cursor);
        const { items, next } = await readPage(db, resolved, range, { limit, before });
        const nameOf = await namesOfKeys(db, items.map(contextKeyOf));
        return json(200, {
          items: items.map((logged) => toSummary(logged, registry, nameOf)),
          nextCursor: next === null ? null : encodeCursor(next),
        });
      },
    }),
    readRoute({
      method: 'get',
      path: '/changes/{id}',
      permission: 'automation.read',
      operationId: 'changes.get',
      tag: TAG,
      summary: 'Get a change with its outcome for each automation that listens to it and for each wait',
      params: IdParams,
      responses: {
        200: { description: 'The change', schema: ChangeDetail },
        404: { description: 'Change not found, or no longer kept' },
      },
      async handler({ params }) {
        return json(200, await detailOf(deps, await requireChange(db, params.id)));
      },
    }),
  ];
}

/**
 * Returns the change with an id.
 * @throws {FermataError} `not_found`
 */
export async function requireChange(db: Executor, id: string): Promise<LoggedChange> {
  const logged = await findChange(db, uuidOrNotFound(id, 'change'));
  if (logged === undefined) throw notFound('change', id);
  return logged;
}

/** Returns the candidates of a change for a response, or null if they are no longer kept. */
export async function candidatesOf(
  { db, routingsMs }: Pick<ChangeLookupDeps, 'db' | 'routingsMs'>,
  { change, recordedAt, routedAt }: LoggedChange,
) {
  const { candidates, waits } = await routingsOfChange(db, change.changeId, recordedAt);
  const isKept = candidates.length > 0 || routedAt === null || (await areRoutingsKept(db, routedAt, routingsMs));
  if (!isKept) return { candidates: null, waits };
  const noted = candidates.map(async (row) => {
    const note = row.deciding === null ? undefined : await maintenanceNote(db, change, row.deciding);
    return { ...toCandidate(row), ...(note !== undefined && { note }) };
  });
  return { candidates: await Promise.all(noted), waits };
}

async function detailOf(deps: ChangeLookupDeps, logged: LoggedChange): Promise<z.input<typeof ChangeDetail>> {
  const { db, registry } = deps;
  const { change } = logged;
  const { candidates, waits } = await candidatesOf(deps, logged);
  const runs =
    candidates === null
      ? await runsOfChange(db, change.changeId)
      : await runsWithIds(
          db,
          candidates.flatMap(({ runId }) => runId ?? []),
        );
  return {
    change: toChange(logged, registry, await namesOfKeys(db, [contextKeyOf(logged)])),
    sender: senderOf(change),
    candidates,
    runs: runs.map(toRunOfChange),
    waits,
    causes: await causesOf(
      db,
      registry,
      logged,
      runs.map(({ id }) => id),
    ),
  };
}

/**
 * Reads until the page is full, no rows are left, or the search reaches its limit of rows or time. At the limit, the
 * page may be incomplete or empty, and the search continues from `next`.
 */
async function readPage(
  db: Executor,
  { filter, accepts }: ResolvedFilter,
  range: { since: Date | undefined; until: Date | undefined },
  { limit, before }: { limit: number; before: number | undefined },
): Promise<{ items: LoggedChange[]; next: number | null }> {
  const items: LoggedChange[] = [];
  const chunk = accepts === undefined ? limit + 1 : Math.max(limit + 1, 500);
  let place = before;
  const begin = performance.now();
  for (let read = 0; read < MAX_READ && performance.now() - begin < MAX_READ_MS; read += chunk) {
    const rows = await listChanges(db, { ...filter, ...range }, { limit: chunk, before: place });
    for (const row of rows) {
      if (items.length === limit) return { items, next: place ?? null };
      place = row.change.seq;
      if (accepts === undefined || accepts(row)) items.push(row);
    }
    if (rows.length < chunk) return { items, next: null };
  }
  return { items, next: place ?? null };
}

/**
 * Parses an instant, or a duration before `now`.
 * @throws {FermataError} `bad_request` for any other value
 */
function instantOf(text: string | undefined, name: string, now: Date): Date | undefined {
  if (text === undefined) return undefined;
  const instant = InstantQuery.safeParse(text);
  if (instant.success) return instant.data;
  const duration = Duration.safeParse(text);
  if (duration.success) return new Date(now.getTime() - durationMs(duration.data, () => undefined));
  throw new FermataError('bad_request', `${name} must be an instant or a duration such as 1h.`);
}
