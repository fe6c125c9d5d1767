import { awaitedEvents } from './awaited-events';
import type { WaitForTriggerAction } from './action';
import { base, errorsOf, validate, warningsOf, withActions } from './validate.fixture';

const CHANGED = { event: 'healthcheck.system.degraded' };
const CREATED = { event: 'incident.created', context_key: '*' };
const waitOf = (wait: unknown) =>
  (validate(withActions({ wait_for_trigger: wait })).definition?.actions[0] as WaitForTriggerAction | undefined)
    ?.wait_for_trigger;

describe('short forms of waits', () => {
  it('accept an expression in wait_until as its condition', () => {
    const { definition, errors } = validate(withActions({ wait_until: 'health.system.status == "healthy"' }));
    expect(errors).toEqual([]);
    expect(definition?.actions[0]).toMatchObject({
      wait_until: { condition: 'health.system.status == "healthy"', continue_on_timeout: true },
    });
    expect(errorsOf(withActions({ wait_until: 'broken ==' }))).toEqual([
      'actions[0].wait_until.condition expression_error',
    ]);
  });

  it('accept a list in wait_for_trigger as its triggers, with ids derived from the events', () => {
    const rule = waitOf([CHANGED, { ...CREATED, id: 'opened' }]);
    expect(rule && awaitedEvents(rule).map(({ id, event }) => [id, event])).toEqual([
      ['healthcheck_system_degraded', 'healthcheck.system_degraded'],
      ['opened', 'incident.created'],
    ]);
  });

  it('keep the event as the id of a single event', () => {
    const rule = waitOf(CHANGED);
    expect(rule && awaitedEvents(rule)).toMatchObject([{ id: 'healthcheck.system_degraded' }]);
  });

  it('check every event of a list at its own path', () => {
    const list = [{ event: 'incident.creatd' }, { ...CHANGED, filter: 'a ==' }, { event: 'automation.cron' }, CREATED];
    expect(errorsOf(withActions({ wait_for_trigger: { triggers: list } })).sort()).toEqual([
      'actions[0].wait_for_trigger.triggers[0].event unknown_event',
      'actions[0].wait_for_trigger.triggers[1].filter expression_error',
      'actions[0].wait_for_trigger.triggers[2].event schedule_not_waitable',
    ]);
    expect(errorsOf(withActions({ wait_for_trigger: { triggers: [] } }))).toEqual([
      'actions[0].wait_for_trigger.triggers out_of_range',
    ]);
    expect(errorsOf(withActions({ wait_for_trigger: { triggers: [CREATED], timeout: 5 } }))).toEqual([
      'actions[0].wait_for_trigger.timeout unknown_key',
    ]);
  });

  it('warn about two events that cannot be distinguished', () => {
    expect(warningsOf({ ...base, actions: [{ wait_for_trigger: [CREATED, CREATED] }] })).toEqual([
      'actions[0].wait_for_trigger.triggers[1] duplicate_id',
    ]);
  });
});
