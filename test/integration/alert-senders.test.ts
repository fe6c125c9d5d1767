import { readFileSync } from 'node:fs';
import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';

type Fields = Record<string, unknown>;

const payload = (name: string): unknown => JSON.parse(readFileSync(`examples/payloads/${name}.json`, 'utf8'));

interface Sender {
  id: string;
  /** Name of the payload files, without `-firing` or `-resolved`. */
  file: string;
  /** Vendor page that documents the body. */
  page: string;
  fingerprint: string;
  alertname: string;
  runbook: string;
  severity: string;
}

const SENDERS: Sender[] = [
  {
    ...{ id: 'alertmanager', file: 'alertmanager', fingerprint: 'c7a9f21b0e5d4a63' },
    page: 'https://prometheus.io/docs/alerting/latest/configuration/#webhook_config',
    ...{ alertname: 'HighErrorRate', runbook: 'https://runbooks.example.org/high-error-rate', severity: 'critical' },
  },
  {
    ...{ id: 'grafana', file: 'grafana', fingerprint: 'grafana:c6eadffa33fcdf37' },
    page: 'https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/',
    ...{ alertname: 'High memory usage', runbook: 'https://runbooks.example.org/high-memory', severity: 'critical' },
  },
  {
    ...{ id: 'datadog', file: 'datadog', fingerprint: 'datadog:9401234567:host:web-1,env:prod' },
    page: 'https://docs.datadoghq.com/integrations/webhooks/',
    ...{ alertname: 'CPU is high', runbook: 'https://runbooks.example.org/cpu', severity: 'critical' },
  },
  {
    ...{ id: 'sns', file: 'sns' },
    fingerprint: 'sns:arn:aws:cloudwatch:eu-central-1:123456789012:alarm:checkout-5xx',
    page: 'https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html',
    ...{ alertname: 'checkout-5xx', runbook: 'https://runbooks.example.org/checkout-5xx', severity: 'critical' },
  },
  {
    ...{ id: 'zabbix', file: 'zabbix', fingerprint: 'zabbix:23456' },
    page: 'https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook',
    ...{ alertname: 'Disk space is low on db-1 (used > 90 %)', runbook: 'https://runbooks.example.org/disk' },
    severity: 'error',
  },
  {
    ...{ id: 'sentry', file: 'sentry', fingerprint: 'sentry:1117540176' },
    page: 'https://docs.sentry.io/organization/integrations/integration-platform/webhooks/issue-alerts/',
    ...{ alertname: 'ReferenceError: heck is not defined', runbook: 'https://runbooks.example.org/checkout-js' },
    severity: 'error',
  },
  {
    ...{ id: 'pagerduty', file: 'pagerduty', fingerprint: 'pagerduty:PGR0VU2' },
    page: 'https://developer.pagerduty.com/docs/webhooks-overview',
    alertname: 'A little bump in the road. Runbook: https://runbooks.example.org/bump',
    ...{ runbook: 'https://runbooks.example.org/bump', severity: 'critical' },
  },
  {
    ...{ id: 'uptime-kuma', file: 'uptime-kuma', fingerprint: 'uptime-kuma:29' },
    page: 'https://github.com/louislam/uptime-kuma/blob/master/server/notification-providers/webhook.js',
    ...{ alertname: 'Checkout', runbook: 'https://runbooks.example.org/checkout-down', severity: 'critical' },
  },
  {
    ...{ id: 'azure', file: 'azure' },
    fingerprint:
      'azure:/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.AlertsManagement/alerts/aaaa0a0a-bb1b-cc2c-dd3d-eeeeee4e4e4e',
    page: 'https://learn.microsoft.com/en-us/azure/azure-monitor/alerts/alerts-payload-samples',
    ...{ alertname: 'vm-cpu-high', runbook: 'https://runbooks.example.org/vm-cpu', severity: 'error' },
  },
  {
    ...{ id: 'opsgenie', file: 'opsgenie', fingerprint: 'opsgenie:052652ac-5d1c-464a-812a-7dd18bbfba8c' },
    page: 'https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/',
    ...{ alertname: 'Checkout is slow', runbook: 'https://runbooks.example.org/checkout-slow', severity: 'critical' },
  },
];

describe('the documented payload of each sender', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  beforeAll(async () => {
    engine = await startEngine();
    api = await engine.api();
    await engine.worker();
    const report = (event: string) => `
name: ${event}
mode: parallel
max_runs: 100
triggers: [{ event: ${event} }]
actions:
  - action: integration-webhook.send
    config:
      url: $URL/${event}
      body:
        fingerprint: "{{ trigger.payload.fingerprint }}"
        alertname: "{{ trigger.payload.labels.alertname }}"
        severity: "{{ trigger.payload.severity }}"
        runbook: "{{ trigger.payload.runbookUrl }}"
        labels: "{{ trigger.payload.labels }}"
        by: "{{ trigger.payload.acknowledgedBy }}"
`;
    for (const event of ['alert.fired', 'alert.changed', 'alert.acknowledged', 'alert.resolved']) {
      await engine.save(report(event));
    }
  }, 360_000);
  afterAll(() => engine.close());

  const post = async (sender: string, file: string): Promise<void> => {
    expect(await engine.call(api, 'POST', `/ingest/${sender}`, payload(file))).toMatchObject({ rejected: [] });
  };
  /** Waits until a run for the event has sent its view of the alert. Returns the view. */
  const reported = (event: string, fingerprint: string) =>
    until(
      `${event} of ${fingerprint} in a run`,
      () => bodies(event).find((body) => body['fingerprint'] === fingerprint),
      30_000,
    );
  const bodies = (event: string): Fields[] =>
    engine.receiver.received.filter(({ path }) => path === `/${event}`).map(({ body }) => JSON.parse(body) as Fields);

  test.each(SENDERS)('$id: a run reads the alertname, severity and runbook link ($page)', async (sender) => {
    const { id, file, fingerprint, alertname, runbook, severity } = sender;
    await post(id, `${file}-firing`);
    const fired = await reported('alert.fired', fingerprint);
    expect(fired).toMatchObject({ alertname, runbook, severity });
    await post(id, `${file}-firing`);
    await post(id, `${file}-resolved`);
    const resolved = await reported('alert.resolved', fingerprint);
    // The labels are kept even if the vendor sends fewer with a resolution.
    expect(resolved).toMatchObject({ alertname, runbook, severity });
    expect(bodies('alert.changed').filter((body) => body['fingerprint'] === fingerprint)).toEqual([]);
    const { state } = (await engine.call(api, 'GET', `/entities/alert/${encodeURIComponent(fingerprint)}`)) as {
      state: Fields;
    };
    expect(state).toMatchObject({ status: 'resolved', source: id, endedBy: 'sender' });
    expect(new Date(String(state['endsAt'])).getTime()).toBeGreaterThan(new Date(String(state['startsAt'])).getTime());
  });

  test('opsgenie: a repeated message that an alert was closed there starts one run', async () => {
    const closed = await engine.save(`
name: closed there
mode: parallel
triggers: [{ event: opsgenie.alert_closed }]
actions: [{ action: automation.log, config: { message: closed } }]`);
    await engine.call(api, 'POST', '/ingest/alertmanager', {
      alerts: [{ status: 'firing', fingerprint: 'paged', labels: { alertname: 'Paged' } }],
    });
    const message = (alertId: string) => ({
      ...{ action: 'Close', source: { name: 'web' } },
      alert: { alertId, message: 'Paged', alias: 'paged', username: 'ada', updatedAt: 1_763_633_163_157 },
    });
    for (const alertId of ['one', 'one', 'two']) await engine.call(api, 'POST', '/ingest/opsgenie', message(alertId));
    await engine.ended(2, closed, 30_000);
    await engine.routed();
    expect(await engine.runs(closed)).toHaveLength(2);
  });

  test('Sentry: a metric alert is identified by its rule, and keeps its severity when it is resolved', async () => {
    await post('sentry', 'sentry-metric-firing');
    expect(await reported('alert.fired', 'sentry:metric:7')).toMatchObject({
      ...{ alertname: 'Too many errors', severity: 'critical' },
    });
    await post('sentry', 'sentry-metric-resolved');
    expect(await reported('alert.resolved', 'sentry:metric:7')).toMatchObject({ severity: 'critical' });
  });

  test.each([
    ['pagerduty', 'pagerduty-acknowledged', 'Tenex Engineer'],
    ['opsgenie', 'opsgenie-acknowledged', 'ada@example.org'],
  ])('%s: an alert is acknowledged in Fermata when it is acknowledged at the sender', async (sender, file, by) => {
    const { fingerprint } = SENDERS.find(({ id }) => id === sender) ?? { fingerprint: '' };
    const again = JSON.parse(JSON.stringify(payload(`${sender}-firing`))) as { event?: Fields; alert?: Fields };
    const now = new Date();
    // Begins a new episode, because the episode of an earlier test has ended.
    if (again.event) {
      again.event['id'] = 'again';
      (again.event['data'] as Fields)['created_at'] = now.toISOString();
    }
    if (again.alert) again.alert['createdAt'] = now.getTime();
    await engine.call(api, 'POST', `/ingest/${sender}`, again);
    await post(sender, file);
    expect(await reported('alert.acknowledged', fingerprint)).toMatchObject({ by });
  });
});
