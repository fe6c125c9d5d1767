import { BASE, type ApiHarness } from '../integration/api-harness';

/** The fields that tests read from the response to a dry run. */
export interface DryRunReport {
  outcome: string;
  gates: { gate: string; passed: boolean | null; detail?: string; conditions?: Record<string, unknown>[] }[];
  steps: {
    path: string;
    status: string;
    config: Record<string, unknown> | null;
    result: Record<string, unknown> | null;
    error: Record<string, unknown> | null;
    trace: { conditions?: Record<string, unknown>[] } | null;
  }[];
  end: Record<string, unknown> | null;
}

/** An automation with a choice and effects. The choice depends on the incident id, which tests can mock. */
export const AUTOMATION = {
  name: 'tried out',
  variables: { who: '{{ trigger.payload.systemId | upper }}' },
  triggers: [
    {
      id: 'down',
      event: 'healthcheck.system_health_changed',
      filter: 'trigger.payload.newStatus == "unhealthy"',
    },
  ],
  conditions: ['trigger.payload.systemId != "ignored"', { time: { after: '08:00', before: '18:00' } }],
  concurrency_scope: 'context_key',
  actions: [
    {
      id: 'open',
      action: 'incident.create',
      config: {
        title: '{{ variables.who }} is down',
        severity: 'critical',
        systemIds: ['{{ trigger.payload.systemId }}'],
      },
    },
    {
      choose: [
        { when: 'artifacts.open.incident.incidentId == "other"', sequence: [{ stop: { reason: 'no' } }] },
        {
          when: 'artifacts.open.incident.incidentId == "INC-1"',
          sequence: [
            { variables: { seen: '{{ artifacts.open.incident.incidentId }}' } },
            { delay: { minutes: 15 } },
            {
              id: 'notify',
              action: 'integration-webhook.send',
              config: {
                url: 'http://receiver.test/{{ variables.seen }}',
                authType: 'bearer',
                bearerToken: '${{ secrets.CHAT }}',
              },
            },
          ],
        },
      ],
    },
    { condition: 'variables.seen == "INC-2"' },
    { action: 'automation.log', config: { message: 'never' } },
  ],
};

export const PAYLOAD = { systemId: 'checkout', previousStatus: 'healthy', newStatus: 'unhealthy' };
export const NOON = '2026-11-24T12:00:00Z';

/** Performs a dry run of an automation as an administrator. */
export async function dryRun(
  api: ApiHarness,
  id: string,
  body: unknown,
): Promise<{ status: number; report: DryRunReport }> {
  const answer = await api.call('POST', `${BASE}/automations/${id}/dry-run`, { body });
  return { status: answer.status, report: answer.body as unknown as DryRunReport };
}
