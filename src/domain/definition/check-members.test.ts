import { z } from 'zod';
import { createRegistry, type PluginDescription } from '../registry/registry';
import type { TriggerType } from '../registry/trigger-type';
import { validateDefinition, type ValidationOptions } from './validate';

const Status = z.enum(['healthy', 'degraded', 'unhealthy']);
const trigger = (id: string, payloadSchema: z.ZodType, configSchema?: z.ZodType): TriggerType => ({
  ...{ id, displayName: id, description: id, category: 'test', contextKeyLabel: 'system', payloadSchema },
  ...(configSchema && { configSchema }),
});
const States = z.record(z.string(), z.unknown()).nullable();
const plugins: PluginDescription[] = [
  {
    id: 'healthcheck',
    triggers: [
      trigger(
        'changed',
        z.object({ systemId: z.string(), newStatus: Status, labels: z.record(z.string(), z.string()).optional() }),
      ),
      trigger('other', z.object({ systemId: z.string(), extra: z.string() })),
      trigger('open', z.looseObject({ systemId: z.string() })),
    ],
    entityKinds: [
      {
        ...{ kind: 'health', description: 'x' },
        schema: z.strictObject({ status: Status }),
        viewSchema: z.object({ status: Status, in_maintenance: z.boolean(), latency_ms: z.number().nullable() }),
      },
      {
        ...{ kind: 'incident', description: 'x' },
        schema: z.strictObject({ status: z.enum(['open', 'resolved']), note: z.object({ by: z.string() }).nullable() }),
      },
    ],
  },
  {
    id: 'automation',
    triggers: [
      trigger(
        'entity_changed',
        z.looseObject({ kind: z.string(), id: z.string(), prev: States, next: States }),
        z.strictObject({
          kind: z.string(),
          field: z.string().optional(),
          to: z.unknown().optional(),
          from: z.unknown().optional(),
        }),
      ),
    ],
    actions: [
      { id: 'log', displayName: 'Log', description: 'x', configSchema: z.strictObject({ message: z.string() }) },
    ],
  },
];
const registry = createRegistry(plugins);
const CHANGED = { event: 'healthcheck.changed' };

function warningsOf(document: object, options: Partial<ValidationOptions> = {}): string[] {
  const whole = { name: 'x', triggers: [CHANGED], ...document };
  const { errors, warnings } = validateDefinition(whole, { registry, ...options });
  expect(errors).toEqual([]);
  return warnings.map(({ path, code, message }) => `${path} ${code}: ${message}`);
}
const conditionWarnings = (condition: unknown, options?: Partial<ValidationOptions>) =>
  warningsOf({ conditions: [condition] }, options);

describe('members that expressions read', () => {
  it.each([
    'trigger.payload.newStatus == "unhealthy" || trigger.id == "healthcheck_changed"',
    'trigger.payload.labels.team == "a" && trigger.payload["systemId"]',
    'health.system.status == "degraded" && health.systems["x"].in_maintenance && health.system.latency_ms > 3',
    'health.systems[trigger.payload.systemId].status in ["healthy", "degraded"]',
    'state.incident[trigger.payload.systemId].status != "resolved" && state.incident.x.note.by == "me"',
    'state.health.web.status == null',
    'run.id == automation.name && now && alerts.firing.count > 3 && trigger.dwell.seconds > 1',
    'trigger.actor.type == "user"',
    'state.unknown.x.y == 1 || variables.whatever.it == "is"',
  ])('cause no warning when they exist: %s', (condition) => {
    expect(conditionWarnings(condition)).toEqual([]);
  });

  it.each([
    ['trigger.payload.newstatus', 'Unknown name "newstatus" in trigger.payload. Did you mean "newStatus"?'],
    ['trigger.playload.newStatus', 'Unknown name "playload" in trigger. Did you mean "payload"?'],
    ['health.system.statsu', 'Unknown name "statsu" in health.system. Did you mean "status"?'],
    [
      'health.systems[trigger.payload.systemId].statsu',
      'Unknown name "statsu" in health.systems[…]. Did you mean "status"?',
    ],
    ['health.sytem.status', 'Unknown name "sytem" in health. Did you mean "system"?'],
    ['state.incident["x-1"].stauts', 'Unknown name "stauts" in state.incident["x-1"]. Did you mean "status"?'],
    ['state.incident.x.note.author', 'Unknown name "author" in state.incident.x.note. Known: by'],
    ['run.startdAt', 'Unknown name "startdAt" in run. Did you mean "startedAt"?'],
    [
      'trigger.payload.newStatus.value',
      'trigger.payload.newStatus is a single value without members; "value" is always absent',
    ],
  ])('cause a warning when no schema has them: %s', (condition, message) => {
    const [warning = ''] = conditionWarnings(condition);
    expect(warning).toContain(`conditions[0] unknown_member: ${message}`);
  });

  it('may belong to any of several triggers, but in a gate only to its own trigger', () => {
    const triggers = [CHANGED, { event: 'healthcheck.other' }];
    expect(warningsOf({ triggers, conditions: ['trigger.payload.extra'] })).toEqual([]);
    const [warning, ...others] = warningsOf({
      triggers: [{ ...CHANGED, filter: 'trigger.payload.extra' }, triggers[1]],
    });
    expect([warning, others]).toEqual([expect.stringContaining('triggers[0].filter unknown_member'), []]);
    expect(
      warningsOf({ triggers: [CHANGED, { event: 'healthcheck.open' }], conditions: ['trigger.payload.any'] }),
    ).toEqual([]);
  });

  it('are those of the awaited event in the filter of a wait', () => {
    const wait = { event: 'healthcheck.other', filter: 'trigger.payload.extra == "x"' };
    expect(warningsOf({ actions: [{ wait_for_trigger: wait }] })).toEqual([]);
    const wrong = { ...wait, filter: 'trigger.payload.newStatus == "healthy"' };
    expect(warningsOf({ actions: [{ wait_for_trigger: wrong }] })).toEqual([
      expect.stringContaining('actions[0].wait_for_trigger.filter unknown_member'),
    ]);
  });

  it('are checked in templates of actions, waits and loops', () => {
    const steps = [
      { action: 'automation.log', config: { message: '{{ trigger.payload.systmId }}' } },
      { wait_until: { condition: 'health.system.status == "halthy"' } },
      { repeat: { while: 'health.system.stats == "x"', sequence: [] } },
    ];
    expect(warningsOf({ actions: steps }).map((text) => text.split(':')[0])).toEqual([
      'actions[0].config.message unknown_member',
      'actions[1].wait_until.condition impossible_value',
      'actions[2].repeat.while unknown_member',
    ]);
  });

  it('of changed entities follow the kind of the trigger', () => {
    const triggers = [{ event: 'automation.entity_changed', config: { kind: 'incident' } }];
    expect(warningsOf({ triggers, conditions: ['trigger.payload.next.status == "open"'] })).toEqual([]);
    expect(warningsOf({ triggers, conditions: ['trigger.payload.next.staus'] })).toHaveLength(1);
    expect(warningsOf({ triggers, conditions: ['trigger.payload.prev.status == "opne"'] })).toHaveLength(1);
  });

  it('of custom kinds follow their JSON Schema, including its references', () => {
    const deployment = {
      ...{ type: 'object', additionalProperties: false },
      properties: { phase: { $ref: '#/$defs/Phase' } },
      $defs: { Phase: { enum: ['started', 'finished'] } },
    };
    const kinds = new Map<string, Record<string, unknown>>([
      ['deployment', deployment],
      ['anything', { type: 'object' }],
    ]);
    const check = (condition: string) => conditionWarnings(condition, { kinds }).map((text) => text.split(':')[0]);
    expect(check('state.deployment.web.phase == "started" && state.anything.x.y == 1')).toEqual([]);
    expect(check('state.deployment.web.phse == "started"')).toEqual(['conditions[0] unknown_member']);
    expect(check('state.deployment.web.phase == "startd"')).toEqual(['conditions[0] impossible_value']);
    expect(check('state.deploymnt.web.phase == "started"')).toEqual(['conditions[0] unknown_kind']);
  });
});

describe('values that expressions compare with', () => {
  it.each([
    [
      'trigger.payload.newStatus == "unhealty"',
      'trigger.payload.newStatus is never "unhealty". Did you mean "unhealthy"?',
    ],
    [
      '"unhealty" != trigger.payload.newStatus',
      'trigger.payload.newStatus is never "unhealty". Did you mean "unhealthy"?',
    ],
    [
      'health.system.status in ["healthy", "down"]',
      'health.system.status is never "down". Known: healthy, degraded, unhealthy',
    ],
    [
      'trigger.id == "healthcheck_chnged"',
      'trigger.id is never "healthcheck_chnged". Did you mean "healthcheck_changed"?',
    ],
  ])('cause a warning when the schema excludes them: %s', (condition, message) => {
    const [warning = ''] = conditionWarnings(condition);
    expect(warning).toContain(`conditions[0] impossible_value: ${message}`);
  });

  it('are also checked in structured conditions and configs of triggers', () => {
    const state = { kind: 'incident', id: 'x', field: 'status', equals: ['open', 'reslved'] };
    expect(conditionWarnings({ state })).toEqual([
      'conditions[0].state.equals impossible_value: "status" of "incident" is never "reslved". Did you mean "resolved"?',
    ]);
    expect(conditionWarnings({ state: { ...state, field: 'stats', equals: 1 } })).toEqual([
      'conditions[0].state.field unknown_member: Unknown name "stats" in the state of "incident". Did you mean "status"?',
    ]);
    const triggers = [{ event: 'automation.entity_changed', config: { kind: 'incident', field: 'status', to: 'opn' } }];
    expect(warningsOf({ triggers })).toEqual([expect.stringContaining('triggers[0].config.to impossible_value')]);
  });
});
