import { z } from 'zod';
import { activeSilences } from '../../db/alert-silences';
import {
  episodesOf,
  findAlert,
  listAlerts,
  runsCausedBy,
  type AlertFilter,
  type AlertRecord,
} from '../../db/alert-queries';
import type { Executor } from '../../db/executor';
import { AlertState, AlertStatus, EndedBy } from '../../domains/alert/alert-entity';
import { acknowledgeAlert, resolveAlert } from '../../domains/alert/alert-operations';
import { coveringSilence } from '../../domains/alert/covering-silence';
import { matchersOf, matchLabels, MatcherError, type LabelMatcher } from '../../domains/alert/label-matcher';
import type { AlertSettings } from '../../domains/alert/take-alerts';
import { FermataError } from '../../domain/errors';
import { Instant } from '../../domain/instant';
import { RUN_STATUSES } from '../../db/tables/runs';
import { decodeCursor, encodeCursor, pageOf, PageQuery } from '../http/pagination';
import { json, readRoute, writeRoute, type Reply, type Route, type WriteContext } from '../http/route';
import { isoOrNull, notFound, Timestamp } from '../http/values';
import { newestRunsAmong } from '../../db/runs/runs-of-change';
import { runsAfterAlert } from '../changes/runs-after-alert';
import { alertSilenceRoutes } from './alert-silences';
import type { DomainDeps } from './domain-resource';

export const ALERT_TAG = 'Alerts';
export const NO_ALERT = { 404: { description: 'Alert not found' } };
export const FingerprintParams = z.object({
  fingerprint: z.string().min(1).max(512).describe('Id of the alert; "/" in it is percent-encoded'),
});

const AlertAnswer = z
  .object({
    fingerprint: z.string(),
    ...AlertState.shape,
    startsAt: Timestamp,
    lastReceivedAt: Timestamp,
    repeats: z.int().describe('Number of messages of this episode that changed nothing'),
  })
  .meta({ id: 'Alert' });

const AlertDetail = AlertAnswer.extend({
  episodes: z.array(
    z.object({
      startsAt: Timestamp,
      endsAt: Timestamp.nullable(),
      endedBy: EndedBy.nullable(),
      acknowledgedBy: z.string().nullable(),
    }),
  ),
  runs: z.array(
    z.object({
      id: z.uuid(),
      automationId: z.uuid(),
      automationName: z.string(),
      status: z.enum(RUN_STATUSES),
      startedAt: Timestamp.nullable(),
      indirect: z
        .boolean()
        .describe(
          'Whether a change of health or another run that this alert caused started it, and not the alert itself',
        ),
    }),
  ),
}).meta({ id: 'AlertDetail' });

/** Maximum number of episodes and of runs to return for one alert. */
const SHOWN = 50;
/** Number of alerts to read at a time while filtering a list. */
const CHUNK = 500;
/** Maximum number of alerts to read for one request. The page then ends early, with a cursor. */
const MAX_READ = 10_000;

export interface AlertsDeps extends DomainDeps {
  settings: { alerts: AlertSettings };
  /** Retention of routings in milliseconds. Runs that an alert started indirectly are found only during this time. */
  routingsMs: number;
}

/** Returns the routes for alerts. */
export function alertRoutes(deps: AlertsDeps): Route[] {
  return [listRoute(deps), getRoute(deps), acknowledgeRoute(deps), resolveRoute(deps), ...alertSilenceRoutes(deps)];
}

const MatchersQuery = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [given].flat())
  .describe('Matchers in the syntax of Alertmanager; may be repeated');

function listRoute({ db, clock }: AlertsDeps): Route {
  return readRoute({
    method: 'get',
    path: '/alerts',
    permission: 'automation.read',
    operationId: 'alerts.list',
    tag: ALERT_TAG,
    summary: 'List alerts, newest first',
    query: z.object({
      ...PageQuery,
      status: AlertStatus.optional(),
      severity: z.string().optional(),
      matchers: MatchersQuery.optional(),
      systemId: z.string().optional(),
      source: z.string().optional(),
    }),
    responses: { 200: { description: 'A page of alerts', schema: pageOf(AlertAnswer) } },
    async handler({ query: { limit, cursor, matchers, ...filter } }) {
      const wanted = parseQueryMatchers(matchers ?? []);
      const after = decodeCursor(z.tuple([Instant, z.string()]), cursor);
      const page = await filtered(db, { ...filter, ...equalsOf(wanted) }, wanted, { limit, after });
      const toAnswer = await answersOf(db, clock.now());
      return json(200, { items: page.items.map(toAnswer), nextCursor: page.nextCursor });
    },
  });
}

/**
 * Parses the matchers of a query.
 * @throws {FermataError} `validation_failed` with the column of the mistake
 */
export function parseQueryMatchers(texts: readonly string[]): LabelMatcher[] {
  try {
    return matchersOf(texts);
  } catch (error) {
    if (!(error instanceof MatcherError)) throw error;
    throw new FermataError('validation_failed', `matchers: ${error.message}`, {
      errors: [{ path: 'matchers', message: error.problem, code: 'invalid_matcher', column: error.column, line: 1 }],
    });
  }
}

const equalsOf = (matchers: readonly LabelMatcher[]): Pick<AlertFilter, 'labels'> => ({
  labels: matchers.filter(({ operator }) => operator === '=').map(({ name, value }) => ({ name, value })),
});

/** Reads alerts until the page is full. The database can only test equality, so other matchers are applied here. */
async function filtered(
  db: Executor,
  filter: AlertFilter,
  matchers: readonly LabelMatcher[],
  page: { limit: number; after: [string, string] | undefined },
): Promise<{ items: AlertRecord[]; nextCursor: string | null }> {
  const rest = matchers.filter(({ operator }) => operator !== '=');
  const chunk = rest.length === 0 ? page.limit + 1 : CHUNK;
  const items: AlertRecord[] = [];
  let { after } = page;
  for (let read = 0; read < MAX_READ; read += chunk) {
    const rows = await listAlerts(db, filter, { limit: chunk, after });
    for (const row of rows) {
      if (!matchLabels(rest, row.labels)) continue;
      if (items.length === page.limit) return { items, nextCursor: encodeCursor(placeOf(items.at(-1))) };
      items.push(row);
    }
    if (rows.length < chunk) return { items, nextCursor: null };
    after = placeOf(rows.at(-1));
  }
  return { items, nextCursor: after === undefined ? null : encodeCursor(after) };
}

const placeOf = (row: AlertRecord | undefined): [string, string] | undefined =>
  row && [row.startsAt.toISOString(), row.fingerprint];

/**
 * Creates a function that converts alerts to their response format. The responses contain the silences that currently
 * apply.
 */
async function answersOf(db: Executor, now: Date): Promise<(row: AlertRecord) => z.input<typeof AlertAnswer>> {
  const silences = await activeSilences(db, now);
  return ({ fingerprint, state, labels, lastReceivedAt, repeats }) => {
    const { silencedUntil: _, ...rest } = AlertState.parse(state);
    const silence = coveringSilence(silences, fingerprint, labels);
    return {
      fingerprint,
      ...rest,
      ...(silence && { silencedUntil: silence.endsAt }),
      lastReceivedAt: lastReceivedAt.toISOString(),
      repeats,
    };
  };
}

function getRoute({ db, clock, routingsMs }: AlertsDeps): Route {
  return readRoute({
    method: 'get',
    path: '/alerts/{fingerprint}',
    permission: 'automation.read',
    operationId: 'alerts.get',
    tag: ALERT_TAG,
    summary: 'Get an alert with its newest 50 episodes and the newest 50 runs that it caused',
    description:
      'Contains runs that the alert caused indirectly, through the health of its system or another run, for `FERMATA_RETENTION_ROUTINGS_HOURS`.',
    params: FingerprintParams,
    responses: { 200: { description: 'The alert', schema: AlertDetail }, ...NO_ALERT },
    async handler({ params: { fingerprint } }) {
      const alert = await findAlert(db, fingerprint);
      if (alert === null) throw notFound('alert', fingerprint);
      const toAnswer = await answersOf(db, clock.now());
      return json(200, {
        ...toAnswer(alert),
        episodes: await episodesOf(db, fingerprint, SHOWN),
        runs: await runsOf(db, fingerprint, new Date(clock.now().getTime() - routingsMs)),
      });
    },
  });
}

/**
 * Returns the newest runs of an alert, at most `SHOWN`: runs that its events started, and runs that it caused
 * indirectly since `since`.
 */
async function runsOf(db: Executor, fingerprint: string, since: Date) {
  const [own, all] = await Promise.all([runsCausedBy(db, fingerprint, SHOWN), runsAfterAlert(db, fingerprint, since)]);
  const runs = await newestRunsAmong(db, [...own, ...all], SHOWN);
  return runs.map(({ id, automationId, automationName, status, startedAt }) => {
    return { id, automationId, automationName, status, startedAt: isoOrNull(startedAt), indirect: !own.includes(id) };
  });
}

type Writing = WriteContext<z.infer<typeof FingerprintParams>, unknown, unknown>;

async function reply({ clock }: AlertsDeps, { tx, params }: Writing): Promise<Reply> {
  const alert = await findAlert(tx, params.fingerprint);
  if (alert === null) throw notFound('alert', params.fingerprint);
  return json(200, (await answersOf(tx, clock.now()))(alert));
}

/** Returns the name of the caller's token. */
export const callerOf = ({ principal }: Pick<Writing, 'principal'>): string =>
  principal.actor.name ?? principal.actor.id;

function acknowledgeRoute(deps: AlertsDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/alerts/{fingerprint}/acknowledge',
    permission: 'automation.manage',
    operationId: 'alerts.acknowledge',
    tag: ALERT_TAG,
    summary: 'Acknowledge a firing alert; repeated calls change nothing',
    params: FingerprintParams,
    body: z
      .strictObject({ by: z.string().min(1).max(200).optional().describe("Default: the token's name") })
      .optional(),
    responses: {
      200: { description: 'The alert', schema: AlertAnswer },
      409: { description: 'The alert is resolved' },
      ...NO_ALERT,
    },
    async handler(context) {
      const { tx, cause, params, body, afterCommit } = context;
      const write = { tx, entities: deps.entities, cause, now: deps.clock.now() };
      await acknowledgeAlert(write, params.fingerprint, body?.by ?? callerOf(context));
      afterCommit(() => deps.notifier.changes());
      return reply(deps, context);
    },
  });
}

function resolveRoute(deps: AlertsDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/alerts/{fingerprint}/resolve',
    permission: 'automation.manage',
    operationId: 'alerts.resolve',
    tag: ALERT_TAG,
    summary: 'Resolve an alert manually, which ends its episode',
    params: FingerprintParams,
    body: z.strictObject({}).optional(),
    responses: { 200: { description: 'The alert', schema: AlertAnswer }, ...NO_ALERT },
    async handler(context) {
      const { tx, cause, params, afterCommit } = context;
      const write = { tx, entities: deps.entities, cause, now: deps.clock.now() };
      await resolveAlert(write, params.fingerprint, { severities: deps.settings.alerts.severities });
      afterCommit(() => deps.notifier.changes());
      return reply(deps, context);
    },
  });
}
