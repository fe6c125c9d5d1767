import { z } from 'zod';
import { createRegistry } from '../domain/registry/registry';
import type { Action } from './contract';
import { createEgress } from '../edges/egress/egress';
import { createPlugins } from './plugins';

/**
 * For each trigger, the label of its context key (`-` means that the whole automation has a single key), and
 * whether it supports `for`.
 */
const TRIGGERS: Record<string, [label: string, supportsFor: boolean]> = {
  'automation.cron': ['-', false],
  'automation.interval': ['-', false],
  'automation.numeric_state': ['system', true],
  'automation.entity_changed': ['entity', true],
  'automation.webhook': ['config.contextKey', false],
  'automation.event': ['subject', false],
  'healthcheck.system_degraded': ['system', true],
  'healthcheck.system_healthy': ['system', true],
  'healthcheck.system_health_changed': ['system', true],
  'healthcheck.check_failed': ['system', false],
  'healthcheck.check_completed': ['system', false],
  'healthcheck.run_requested': ['system', false],
  'incident.created': ['incident', true],
  'incident.updated': ['incident', false],
  'incident.resolved': ['incident', true],
  'maintenance.created': ['maintenance', false],
  'maintenance.updated': ['maintenance', false],
  'maintenance.started': ['maintenance', true],
  'maintenance.ended': ['maintenance', false],
  'catalog.created': ['system', false],
  'catalog.updated': ['system', false],
  'catalog.deleted': ['system', false],
  'catalog.group_created': ['group', false],
  'catalog.group_updated': ['group', false],
  'catalog.group_deleted': ['group', false],
  'dependency.created': ['dependency', false],
  'dependency.updated': ['dependency', false],
  'dependency.deleted': ['dependency', false],
  'dependency.impact_propagated': ['system', false],
  'slo.achievement_unlocked': ['system', false],
  'slo.weekly_digest': ['-', false],
  'satellite.connected': ['satellite', true],
  'satellite.disconnected': ['satellite', true],
  'satellite.heartbeat_lost': ['satellite', true],
  'notification.delivered': ['notification', false],
  'notification.failed': ['notification', false],
  'alert.fired': ['alert', true],
  'alert.changed': ['alert', true],
  'alert.resolved': ['alert', true],
  'alert.acknowledged': ['alert', true],
  'github.push': ['branch or tag', false],
  'github.pull_request': ['pull request', false],
  'github.pull_request_review': ['pull request', false],
  'github.issues': ['issue', false],
  'github.issue_comment': ['issue', false],
  'github.deployment': ['environment', false],
  'github.deployment_status': ['environment', false],
  'github.workflow_run': ['workflow', false],
  'github.check_run': ['check', false],
  'github.release': ['release', false],
  'gitlab.push': ['branch', false],
  'gitlab.tag_push': ['tag', false],
  'gitlab.issue': ['issue', false],
  'gitlab.note': ['what was commented', false],
  'gitlab.merge_request': ['merge request', false],
  'gitlab.pipeline': ['branch or tag', false],
  'gitlab.build': ['job', false],
  'gitlab.deployment': ['environment', false],
  'gitlab.release': ['release', false],
  'kubernetes.event': ['object', false],
  'slack.event': ['channel', false],
  'slack.command': ['channel', false],
  'slack.button': ['channel', false],
  'pagerduty.incident_resolved': ['alert or incident', false],
  'opsgenie.alert_closed': ['alert or incident', false],
};

const INCIDENT = 'incident: incidentId status severity systemIds reused';
const WINDOW = 'window: maintenanceId status systemIds startAt endAt';
const ASSIGNMENT = 'assignment: systemId configurationId enabled enqueued';
const STATE = 'state: kind id state';
const EDGE = 'edge: dependencyId sourceSystemId targetSystemId impactType transitive';
const RESOURCE = 'resource: apiVersion kind namespace name uid resourceVersion object';
/** For each action, its artifact with the artifact's fields, or null. */
const ACTIONS: Record<string, string | null> = {
  'automation.log': null,
  'automation.set_state': STATE,
  'automation.remove_state': STATE,
  'automation.emit_event': 'event: changeId',
  'alert.acknowledge': null,
  'alert.silence': 'silence: silenceId fingerprint matchers endsAt remoteSilenceId',
  'alert.unsilence': null,
  'notification.send': 'send_result: deliveredCount results suppressed',
  'incident.create': INCIDENT,
  'incident.resolve': INCIDENT,
  'incident.add_update': INCIDENT,
  'incident.update_status': INCIDENT,
  'maintenance.create': WINDOW,
  'maintenance.update': WINDOW,
  'maintenance.add_update': WINDOW,
  'maintenance.set_system': WINDOW,
  'maintenance.clear_system': 'cleared: systemId closedMaintenanceIds',
  'catalog.update_metadata': 'system_record: systemId name metadata',
  'dependency.create': EDGE,
  'dependency.remove': EDGE,
  'healthcheck.run_now': ASSIGNMENT,
  'healthcheck.enable_assignment': ASSIGNMENT,
  'healthcheck.disable_assignment': ASSIGNMENT,
  'integration-jira.create_issue': 'issue: issueKey projectKey issueUrl id status',
  'integration-jira.transition_issue': 'issue: issueKey projectKey issueUrl id status',
  'integration-jira.add_comment': 'comment:',
  'integration-jira.search_issues': 'issue_search: found count issues firstIssueKey',
  'integration-github.create_issue': 'issue: number url reused',
  'integration-github.comment': 'comment: id url',
  'integration-github.close_issue': 'issue: number url reused',
  'integration-github.dispatch_workflow': 'workflow_run: id status conclusion url',
  'integration-github.create_deployment_status': null,
  'integration-github.create_check': 'check: id',
  'integration-gitlab.create_issue': 'issue: number url reused',
  'integration-gitlab.comment': 'comment: id',
  'integration-gitlab.trigger_pipeline': 'pipeline: id status url',
  'integration-gitlab.retry_job': 'job: id status url',
  'integration-servicenow.create_incident': 'incident: sysId number state url',
  'integration-servicenow.update': 'incident: sysId number state url',
  'integration-servicenow.resolve': 'incident: sysId number state url',
  'integration-servicenow.search': 'search: count records',
  'integration-http.request': 'response: status body outputs',
  'integration-http.poll_until': 'response: status body outputs',
  'integration-kubernetes.rollout_restart': RESOURCE,
  'integration-kubernetes.rollout_undo': RESOURCE,
  'integration-kubernetes.scale': RESOURCE,
  'integration-kubernetes.cordon': RESOURCE,
  'integration-kubernetes.uncordon': RESOURCE,
  'integration-kubernetes.drain': RESOURCE,
  'integration-kubernetes.delete_pod': RESOURCE,
  'integration-kubernetes.get': RESOURCE,
  'integration-kubernetes.patch': RESOURCE,
  'integration-kubernetes.run_job': 'job: name namespace succeeded logs',
  'integration-slack.post_message': 'message: channel ts updated',
  'integration-slack.update_message': 'message: channel ts updated',
  'integration-slack.add_reaction': null,
  'integration-slack.upload_file': 'file: id',
  'integration-slack.open_channel': 'channel: id',
  'integration-slack.set_topic': null,
  'integration-pagerduty.trigger': 'event: dedupKey status',
  'integration-pagerduty.acknowledge': 'event: dedupKey status',
  'integration-pagerduty.resolve': 'event: dedupKey status',
  'integration-pagerduty.add_note': 'note: noteId incidentId',
  'integration-pagerduty.on_call': 'on_call: users',
  'integration-opsgenie.create_alert': 'alert: alias requestId',
  'integration-opsgenie.close_alert': 'alert: alias requestId',
  'integration-opsgenie.acknowledge': 'alert: alias requestId',
  'integration-opsgenie.add_note': 'alert: alias requestId',
  'integration-ssh.run': 'result: exitCode stdout stderr',
  'integration-ssh.upload': null,
  'integration-statuspage.create_incident': 'incident: incidentId name status url reused',
  'integration-statuspage.update_incident': 'incident: incidentId name status url reused',
  'integration-statuspage.set_component': 'component: componentId name status',
  'integration-teams.post_message': 'message: messageId accepted',
  'integration-webex.post_message': 'message: messageId roomId',
  'integration-webhook.send': 'delivery: url status externalId responseBody',
  'integration-script.run_shell': 'shell_result: exitCode stdout stderr durationMs timedOut',
  'integration-script.run_script': 'script_result: result',
};

const KINDS: Record<string, string> = {
  alert:
    'status name severity labels annotations startsAt endsAt endedBy source receiver generatorUrl dashboardUrl silenceUrl runbookUrl value systemId acknowledgedBy acknowledgedAt silencedUntil',
  health: 'status healthyChecks totalChecks',
  incident: 'status severity systemIds title',
  maintenance: 'status systemIds startAt endAt',
  'catalog-system': 'name description metadata',
  'catalog-group': 'name description metadata',
  'dependency-edge': 'sourceSystemId targetSystemId impactType transitive',
  slo: 'objectiveId systemId target budgetRemainingPercent currentStreak bestStreak',
  'satellite-connection': 'status name region lastSeenAt lastEvent',
};

/** Users rely on this catalogue: renaming an id or field breaks their automations. */
describe('the built-in plugins', () => {
  const registry = createRegistry<Action>(createPlugins({ egress: createEgress({ allow: [] }) }));

  it('provide exactly the triggers of the catalogue', () => {
    const found = [...registry.triggers()].map(([id, { contextKeyLabel = '-', holds }]) => [
      id,
      [contextKeyLabel, holds !== undefined],
    ]);
    expect(Object.fromEntries(found)).toEqual(TRIGGERS);
  });

  it('provide exactly the actions of the catalogue, each with its artifact', () => {
    expect([...registry.actions().keys()].sort()).toEqual(Object.keys(ACTIONS).sort());
    for (const [id, wanted] of Object.entries(ACTIONS)) {
      const produces = registry.action(id)?.produces;
      if (wanted === null) expect({ id, produces }).toEqual({ id, produces: undefined });
      else {
        const [name, fields = ''] = wanted.split(':');
        expect({ id, name: produces?.name }).toEqual({ id, name });
        expect({ id, fields: Object.keys(produces?.schema.shape ?? {}) }).toMatchObject({
          id,
          fields: expect.arrayContaining(fields.trim().split(' ').filter(Boolean)) as string[],
        });
      }
    }
    expect(registry.action('automation.notify_user')).toBe(registry.action('notification.send'));
  });

  it('provide exactly the kinds of the catalogue, with their states', () => {
    const found = [...registry.entityKinds().values()].map(({ kind, schema }) => [kind, Object.keys(schema.shape)]);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(Object.entries(KINDS).map(([kind, fields]) => [kind, fields.split(' ')])),
    );
  });

  it('have a JSON Schema with a type for each payload, config and artifact', () => {
    const schemas = [
      ...[...registry.triggers().values()].flatMap(({ payloadSchema, configSchema }) => [payloadSchema, configSchema]),
      ...[...registry.actions().values()].flatMap(({ configSchema, produces }) => [configSchema, produces?.schema]),
    ];
    for (const schema of schemas) {
      if (schema === undefined) continue;
      const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
      expect([json, json.type ?? json.anyOf ?? json.oneOf ?? json.allOf]).not.toEqual([json, undefined]);
    }
  });
});
