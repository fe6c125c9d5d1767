import { z } from 'zod';
import { listSilences, type SilenceRow } from '../../db/alert-silences';
import type { Executor } from '../../db/executor';
import { silenceAlerts, unsilenceAlerts } from '../../domains/alert/alert-operations';
import { Matchers } from '../../domains/alert/triggers';
import { namesOfKeys, type NameOfKey } from '../changes/context-name';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { FlagQuery, IdParams, notFound, Timestamp, uuidOrNotFound } from '../http/values';
import type { DomainDeps } from './domain-resource';

const TAG = 'Alerts';

const SilenceAnswer = z
  .object({
    id: z.uuid(),
    fingerprint: z
      .string()
      .nullable()
      .describe('Fingerprint of the silenced alert; null when the silence has matchers'),
    name: z
      .string()
      .nullable()
      .describe('Name and main labels of the silenced alert; null when the silence has matchers'),
    matchers: z.array(z.string()),
    endsAt: Timestamp,
    comment: z.string(),
    createdBy: z.string(),
    createdAt: Timestamp,
  })
  .meta({ id: 'AlertSilence' });

const endOf = (now: Date, durationMinutes: number): Date => new Date(now.getTime() + durationMinutes * 60_000);

const Duration = z.number().positive().max(525_600).describe('Duration in minutes, from now');
const Comment = z.string().max(2_000).default('');

const NewSilence = z
  .strictObject({
    fingerprint: z.string().min(1).max(512).optional(),
    matchers: Matchers.min(1).optional(),
    durationMinutes: Duration,
    comment: Comment,
  })
  .refine(({ fingerprint, matchers }) => (fingerprint === undefined) !== (matchers === undefined), {
    message: 'give either a fingerprint or matchers',
  });

/** Returns the routes for silences. While an alert is silenced, it does not start automations. */
export function alertSilenceRoutes(deps: DomainDeps): Route[] {
  return [listRoute(deps), createRoute(deps), silenceRoute(deps), deleteRoute(deps)];
}

const namesOf = (db: Executor, silences: readonly SilenceRow[]): Promise<NameOfKey> =>
  namesOfKeys(
    db,
    silences.map(({ fingerprint }) => fingerprint),
  );

const toAnswer =
  (nameOf: NameOfKey) =>
  ({ remote: _, endsAt, createdAt, ...rest }: SilenceRow) => ({
    ...rest,
    name: nameOf(rest.fingerprint),
    endsAt: endsAt.toISOString(),
    createdAt: createdAt.toISOString(),
  });

function listRoute({ db, clock }: DomainDeps): Route {
  return readRoute({
    method: 'get',
    path: '/alert-silences',
    permission: 'automation.read',
    operationId: 'alertSilences.list',
    tag: TAG,
    summary: 'List active silences of alerts, newest first',
    query: z.object({ ...PageQuery, ended: FlagQuery.optional().describe('Include silences that have ended') }),
    responses: { 200: { description: 'A page of silences', schema: pageOf(SilenceAnswer) } },
    async handler({ query: { limit, cursor, ended = false } }) {
      const page = { limit: limit + 1, before: decodeCursor(IdCursor, cursor), now: clock.now(), isActive: !ended };
      const silences = await listSilences(db, page);
      const nameOf = await namesOf(db, silences);
      return json(
        200,
        toPage(silences, limit, toAnswer(nameOf), ({ id }) => id),
      );
    },
  });
}

function createRoute({ entities, clock, notifier }: DomainDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/alert-silences',
    permission: 'automation.manage',
    operationId: 'alertSilences.create',
    tag: TAG,
    summary: 'Silence one alert, or all present and future alerts that matchers match',
    body: NewSilence,
    responses: { 201: { description: 'The silence', schema: SilenceAnswer }, 404: { description: 'Alert not found' } },
    async handler({ body, tx, cause, principal, afterCommit }) {
      const write = { tx, entities, cause, now: clock.now() };
      const createdBy = principal.actor.name ?? principal.actor.id;
      const { durationMinutes, ...about } = body;
      const endsAt = endOf(write.now, durationMinutes);
      const silence = await silenceAlerts(write, { ...about, endsAt, createdBy });
      afterCommit(() => notifier.changes());
      return json(201, toAnswer(await namesOf(tx, [silence]))(silence));
    },
  });
}

function silenceRoute({ entities, clock, notifier }: DomainDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/alerts/{fingerprint}/silence',
    permission: 'automation.manage',
    operationId: 'alerts.silence',
    tag: TAG,
    summary: 'Silence one alert',
    params: z.object({ fingerprint: z.string().min(1).max(512) }),
    body: z.strictObject({ durationMinutes: Duration, comment: Comment }),
    responses: { 201: { description: 'The silence', schema: SilenceAnswer }, 404: { description: 'Alert not found' } },
    async handler({ params: { fingerprint }, body, tx, cause, principal, afterCommit }) {
      const write = { tx, entities, cause, now: clock.now() };
      const createdBy = principal.actor.name ?? principal.actor.id;
      const endsAt = endOf(write.now, body.durationMinutes);
      const silence = await silenceAlerts(write, { fingerprint, comment: body.comment, endsAt, createdBy });
      afterCommit(() => notifier.changes());
      return json(201, toAnswer(await namesOf(tx, [silence]))(silence));
    },
  });
}

function deleteRoute({ entities, clock, notifier }: DomainDeps): Route {
  return writeRoute({
    method: 'delete',
    path: '/alert-silences/{id}',
    permission: 'automation.manage',
    operationId: 'alertSilences.delete',
    tag: TAG,
    summary: 'End a silence; alerts that are already firing start runs only from their next episode on',
    params: IdParams,
    responses: { 204: { description: 'Ended' }, 404: { description: 'Silence not found' } },
    async handler({ params, tx, cause, afterCommit }) {
      const silenceId = uuidOrNotFound(params.id, 'silence');
      const gone = await unsilenceAlerts({ tx, entities, cause, now: clock.now() }, [silenceId]);
      if (gone.length === 0) throw notFound('silence', silenceId);
      afterCommit(() => notifier.changes());
      return { status: 204 };
    },
  });
}
