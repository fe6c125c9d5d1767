import { createEndStaleAlerts } from '../../src/domains/alert/end-stale-alerts';
import { DEFAULT_SEVERITY_RULES, SeverityRules, severityMap } from '../../src/domains/alert/severity-map';
import { createEntityStore } from '../../src/db/entity-store';
import { applyRetention } from '../../src/db/retention';
import { systemClock, uuidV7 } from '../../src/domain/clock';
import { createRegistry } from '../../src/domain/registry/registry';
import type { Action } from '../../src/integrations/contract';
import { testPlugins } from '../support/plugins';
import { until } from '../support/until';
import { BASE, startApiHarness, type ApiHarness } from './api-harness';

type Fields = Record<string, unknown>;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe('the life cycle of an alert', () => {
  let h: ApiHarness;
  beforeAll(async () => {
    h = await startApiHarness();
  });
  afterAll(() => h.end());

  const fire = (fingerprint: string, more: Fields = {}) =>
    h.call('POST', `${BASE}/ingest/alertmanager`, {
      body: {
        alerts: [
          {
            ...{ status: 'firing', fingerprint, startsAt: '2026-11-20T09:00:00Z' },
            labels: { alertname: 'A', service: `of-${fingerprint}`, severity: 'critical' },
            ...more,
          },
        ],
      },
    });
  const get = (fingerprint: string) => h.call('GET', `${BASE}/alerts/${fingerprint}`);
  const age = (fingerprint: string, minutes: number) =>
    h.rows(`update alerts set last_received_at = now() - make_interval(mins => $2) where fingerprint = $1`, [
      fingerprint,
      minutes,
    ]);
  /** Resolves the alerts that have received no message for 10 minutes. Returns the number of resolved alerts. */
  const endStale = () => {
    const severities = severityMap(SeverityRules.parse(DEFAULT_SEVERITY_RULES));
    const stale = createEndStaleAlerts({ staleMs: 10 * MINUTE_MS, severities });
    const registry = createRegistry<Action>(testPlugins());
    const entities = createEntityStore({ clock: systemClock, ids: uuidV7, registry });
    const cause = { actor: { type: 'system' as const, id: 'housekeeping' }, causedBy: null, depth: 0 };
    return h.database.db.transaction((tx) => stale.work({ tx, entities, cause, now: systemClock.now() }, 100));
  };

  test('messages that arrive at the same time share transactions, and each response contains only its own changes', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        n === 20 ? fire('storm-20', { labels: {}, fingerprint: undefined }) : fire(`storm-${n}`),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map((_, n) => (n === 20 ? 422 : 202)));
    const changes = await h.rows<{ change_id: string; entity_id: string; committed: string }>(
      `select change_id, entity_id, xmin::text as committed from changes where kind in ('alert', 'health') and entity_id like '%storm-%'`,
    );
    const entityOf = new Map(changes.map((row) => [row.change_id, row.entity_id]));
    const answered = answers.map(({ body }) =>
      ((body as { changeIds?: string[] }).changeIds ?? []).map((id) => entityOf.get(id)),
    );
    expect(answered).toEqual(answers.map((_, n) => (n === 20 ? [] : [`storm-${n}`, `of-storm-${n}`])));
    expect(new Set(changes.map(({ committed }) => committed)).size).toBeLessThan(20);
  });

  test('FERMATA_ALERT_STALE_MINUTES: an alert that its sender no longer repeats is resolved, and its system becomes healthy', async () => {
    for (const fingerprint of ['silent', 'repeated', 'recent']) await fire(fingerprint);
    await age('silent', 11);
    await age('repeated', 11);
    await age('recent', 9);
    // The age is counted from the last message, even if that message changed nothing.
    expect((await fire('repeated')).body.changeIds).toEqual([]);
    expect(await endStale()).toBe(1);
    expect((await get('silent')).body).toMatchObject({ status: 'resolved', endedBy: 'stale' });
    expect((await h.call('GET', `${BASE}/health/of-silent`)).body).toMatchObject({ status: 'healthy' });
    for (const fingerprint of ['repeated', 'recent']) {
      expect((await get(fingerprint)).body).toMatchObject({ status: 'firing' });
    }
    expect(await endStale()).toBe(0);
  });

  test('an alert that ended as stale fires again when its sender repeats it; its episode continues, without the acknowledgement', async () => {
    await fire('outage');
    await h.call('POST', `${BASE}/alerts/outage/acknowledge`, { body: { by: 'Ada' } });
    await age('outage', 11);
    await endStale();
    const repeated = await fire('outage');
    // The change of the alert, and that of its system's health.
    expect(repeated.body.changeIds).toHaveLength(2);
    const [change] = await h.rows<{ previous: string; next: Fields }>(
      `select prev ->> 'status' as previous, next from changes where change_id = $1`,
      [(repeated.body.changeIds as string[])[0]],
    );
    expect(change).toMatchObject({ previous: 'resolved', next: { status: 'firing' } });
    const now = (await get('outage')).body;
    expect(now).toMatchObject({ status: 'firing', startsAt: '2026-11-20T09:00:00.000Z' });
    for (const field of ['endsAt', 'endedBy', 'acknowledgedBy']) expect(now).not.toHaveProperty(field);
    expect(now.episodes).toMatchObject([{ startsAt: '2026-11-20T09:00:00.000Z', endsAt: null, endedBy: null }]);
    expect((await h.call('GET', `${BASE}/health/of-outage`)).body).toMatchObject({ status: 'unhealthy' });
    // The sender's time of the end is before the repeated message.
    await fire('outage', { status: 'resolved', endsAt: '2026-11-20T09:30:00Z' });
    expect((await get('outage')).body).toMatchObject({ status: 'resolved', endedBy: 'sender' });
    expect((await fire('outage', { startsAt: '2026-11-20T09:20:00Z' })).body.changeIds).toEqual([]);
    await fire('outage', { startsAt: new Date().toISOString() });
    await age('outage', 11);
    await endStale();
    await fire('outage', { startsAt: new Date(Date.now() + 1_000).toISOString() });
    expect((await get('outage')).body.episodes).toMatchObject([
      { endedBy: null },
      { endedBy: 'stale' },
      { endedBy: 'sender' },
    ]);
  });

  test('an alert that is repeated at the moment at which it would end as stale keeps firing', async () => {
    await fire('late');
    await age('late', 11);
    const message = await h.database.pool.connect();
    try {
      await message.query('begin');
      await message.query(`select 1 from entities where kind = 'alert' and id = 'late' for update`);
      const ending = endStale();
      await until('the clock waits for the message', async () => {
        const waiting = await h.rows(
          `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return waiting.length > 0;
      });
      await message.query(`update alerts set last_received_at = now() where fingerprint = 'late'`);
      await message.query('commit');
      expect(await ending).toBe(0);
    } finally {
      message.release();
    }
    expect((await get('late')).body).toMatchObject({ status: 'firing' });
  });

  test('FERMATA_RETENTION_ALERTS_DAYS: resolved alerts and ended silences are deleted after that time; firing alerts are kept', async () => {
    for (const fingerprint of ['old', 'new', 'open']) await fire(fingerprint);
    for (const [fingerprint, daysAgo] of [
      ['old', 31],
      ['new', 29],
    ] as const) {
      await h.call('POST', `${BASE}/alerts/${fingerprint}/resolve`);
      await h.rows(
        `update entities set state = state || jsonb_build_object('endsAt', now() - make_interval(days => $2))
         where kind = 'alert' and id = $1`,
        [fingerprint, daysAgo],
      );
    }
    await h.call('POST', `${BASE}/alerts/open/silence`, { body: { durationMinutes: 5 } });
    await h.call('POST', `${BASE}/alerts/new/silence`, { body: { durationMinutes: 5 } });
    await h.rows(`update alert_silences set ends_at = now() - make_interval(days => 31) where fingerprint = 'new'`);
    // An alert that keeps firing again and again.
    await h.rows(
      `insert into alert_episodes (fingerprint, starts_at, ends_at, ended_by)
       select 'open', now() - make_interval(days => d + 1), now() - make_interval(days => d), 'sender'
       from unnest(array[29, 31, 40]) as d`,
    );
    const settings = {
      ...{ runsMs: 30 * DAY_MS, runsMinPerAutomation: 3, transitionsMs: 90 * DAY_MS, changesMs: 7 * DAY_MS },
      ...{ notificationsMs: 90 * DAY_MS, incidentsMs: 730 * DAY_MS, versionsMinPerAutomation: 2 },
      ...{ alertsMs: 30 * DAY_MS, routingsMs: 3 * DAY_MS },
    };
    const count = () => h.rows(`select 1 from changes where kind = 'alert'`);
    const before = (await count()).length;
    await applyRetention(h.database, settings, []);
    expect((await get('old')).status).toBe(404);
    expect(await h.rows(`select 1 from alert_episodes where fingerprint = 'old'`)).toEqual([]);
    expect((await get('open')).body.episodes).toMatchObject([{ endsAt: null }, { endedBy: 'sender' }]);
    const withTransitions = `select distinct entity_id as id from entity_transitions where kind = 'alert'
      and entity_id in ('old', 'new', 'open') order by 1`;
    expect(await h.rows(withTransitions)).toEqual([{ id: 'new' }, { id: 'open' }]);
    expect((await get('new')).body).toMatchObject({ status: 'resolved' });
    expect((await get('open')).body).toMatchObject({ status: 'firing' });
    expect(await h.rows('select fingerprint from alert_silences')).toEqual([{ fingerprint: 'open' }]);
    // Deleting expired alerts is not an event.
    expect(await count()).toHaveLength(before);
  });
});
