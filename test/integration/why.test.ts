import { sql } from 'drizzle-orm';
import { until } from '../support/until';
import { on, onAlert, trigger, startWhyFixture, type Fields, type WhyFixture } from '../support/why-fixture';

describe('fermata why', () => {
  let engine: WhyFixture['engine'];
  let api: WhyFixture['api'];
  let why: WhyFixture['why'];
  let detail: WhyFixture['detail'];
  let routed: WhyFixture['routed'];
  let emit: WhyFixture['emit'];
  let explained: WhyFixture['explained'];
  let ended: WhyFixture['ended'];
  let alert: WhyFixture['alert'];
  let fire: WhyFixture['fire'];
  beforeAll(async () => {
    ({ engine, api, why, detail, routed, emit, explained, ended, alert, fire } = await startWhyFixture());
  }, 360_000);
  afterAll(() => engine.close());

  describe('explains why an automation did not page', () => {
    test('1: a matcher of the trigger does not match', async () => {
      await engine.save(onAlert('Page for production', 'env="prod"'));
      expect(await why(await fire(alert({ env: 'dev' })))).toContain(
        '"Page for production" did not run: the config of trigger "fired" does not match: labels.env is "dev", wanted "prod"',
      );
    });

    test('2: the filter is false', async () => {
      await engine.save(trigger('filtered', `filter: 'trigger.payload.data.severity == "critical"'`));
      expect(await explained('filtered', { severity: 'warning' })).toContain(
        '"Page for filtered" did not run: the filter of trigger "t" was false: trigger.payload.data.severity is "warning", wanted "critical"',
      );
    });

    test('3: the second condition is false', async () => {
      const conditions = `conditions: ['1 == 1', { numeric_state: { value: trigger.payload.data.load, above: 80 } }]`;
      await engine.save(on('loaded', conditions));
      expect(await explained('loaded', { load: 42 })).toContain(
        '"Page for loaded" did not run: condition 2 was false: trigger.payload.data.load is 42, wanted above 80',
      );
    });

    test('4: the system is in maintenance', async () => {
      await engine.save(`
name: Page and escalate
triggers: [{ id: bad, event: healthcheck.system_health_changed }]
conditions: ['1 == 1', '!health.system.in_maintenance']
actions: [{ action: automation.log, config: { message: paged } }]
`);
      await engine.call(api, 'POST', '/systems', { id: 'db-1', name: 'db-1' });
      const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
      await engine.call(api, 'POST', '/maintenances', {
        ...{ title: 'db upgrade', systemIds: ['db-1'], startAt: inMs(-1_000), endAt: inMs(3_600_000) },
      });
      await until('the maintenance has begun', async () => {
        const { items } = await engine.call(api, 'GET', '/maintenances');
        return (items as Fields[])[0]?.['status'] === 'in_progress';
      });
      await fire(alert({ service: 'db-1' }));
      expect(await why('db-1')).toMatch(
        /"Page and escalate" did not run: condition 2 was false: health\.system\.in_maintenance is true \(maintenance "db upgrade", until [\d -]*\d\d:\d\d\)/,
      );
    });

    test('5: a condition cannot be evaluated', async () => {
      await engine.save(on('broken', `conditions: ['trigger.payload.data.n + 1 > 5']`));
      expect(await explained('broken', { n: 'many' })).toMatch(/"Page for broken" did not run: .*\+/);
    });

    test('6: a nested part of a condition is false', async () => {
      const conditions = `conditions: [{ and: ['1 == 1', { or: ['trigger.payload.data.a == 1', 'trigger.payload.data.b == 1'] }] }]`;
      await engine.save(on('nested', conditions));
      expect(await explained('nested', { a: 2, b: 2 })).toContain(
        'condition 1 (and[1].or[0]) was false: trigger.payload.data.a is 2, wanted 1',
      );
    });

    test('7: too few events in the window, until there are enough', async () => {
      await engine.save(trigger('counted', 'window: { count: 3, minutes: 10 }'));
      expect(await explained('counted')).toContain(
        '"Page for counted" did not run: 1 of 3 events within 10 minutes so far',
      );
      await emit('counted');
      const last = await emit('counted');
      expect((await detail(last))['candidates']).toMatchObject([
        { outcome: 'started', window: { count: 3, needed: 3 }, held: [{ path: 'triggers[0].config.type' }] },
      ]);
      expect(await why(last)).toContain('3 of 3 events were in the window');
    });

    test('8, 9: the cause has not held for long enough, or has ended too early', async () => {
      await engine.call(api, 'PUT', '/entity-kinds/pump', {
        schema: { type: 'object', properties: { status: { type: 'string' } } },
      });
      await engine.save(`
name: Pump is off
triggers: [{ id: off, event: automation.entity_changed, config: { kind: pump, field: status, to: "off" }, for: { hours: 1 } }]
actions: [{ action: automation.log, config: { message: paged } }]
`);
      const set = async (status: string) => {
        await engine.call(api, 'PUT', '/entities/pump/p1', { status });
        const list = await engine.call(api, 'GET', '/changes?kind=pump&entity=p1');
        const changeId = String((list['items'] as Fields[])[0]?.['changeId']);
        await routed(changeId);
        return changeId;
      };
      await set('on');
      const off = await set('off');
      expect(await why(off)).toMatch(/"Pump is off" has not run yet: fires at .* if the cause holds until then/);
      await set('on');
      expect(await why(off)).toMatch(/"Pump is off" did not run: the cause stopped at .*, before /);
    });

    test('10: a run is already active', async () => {
      await engine.save(
        on('busy')
          .replace('parallel', 'single')
          .replace(/actions: .*/, 'actions: [{ delay: { minutes: 5 } }]'),
      );
      await emit('busy');
      expect(await explained('busy')).toMatch(
        /"Page for busy" did not run: run .* is still active\. Its mode starts one/,
      );
    });

    test('11: the maximum number of runs is active', async () => {
      await engine.save(on('capped', 'max_runs: 1').replace(/actions: .*/, 'actions: [{ delay: { minutes: 5 } }]'));
      await emit('capped');
      expect(await explained('capped')).toMatch(
        /"Page for capped" did not run: 1 of at most 1 runs are active\. .*"queued"/,
      );
    });

    test('12, 13: the automation or its trigger was disabled', async () => {
      const id = await engine.save(on('off'));
      await engine.call(api, 'POST', `/automations/${id}/disable`);
      await engine.save(trigger('off', 'enabled: false').replace('Page for', 'Call for'));
      const answer = await explained('off');
      expect(answer).toContain('"Page for off" did not run: the automation is disabled.');
      expect(answer).toContain('"Call for off" did not run: its trigger "t" was disabled');
    });

    test('14: no trigger listens to the event', async () => {
      expect(await explained('unheard')).toContain('No automation listens to unheard.');
    });

    test('15: the alert is silenced', async () => {
      await engine.save(onAlert('Page for silenced', 'team="db"'));
      const sent = alert({ team: 'db' });
      await engine.call(
        api,
        'POST',
        `/alerts/${await fire(alert({ team: 'none' }, { fingerprint: sent.fingerprint }))}/silence`,
        {
          ...{ durationMinutes: 60, comment: 'known issue' },
        },
      );
      await fire({ ...sent, labels: { alertname: 'x' }, status: 'resolved', endsAt: new Date().toISOString() });
      await fire({ ...sent, startsAt: new Date(Date.now() + 1_000).toISOString() });
      expect(await why(sent.fingerprint, '--limit', '1')).toMatch(
        /"Page for silenced" did not run: silenced until .* by admin: known issue/,
      );
    });

    test('15b: the alert was silenced while it had not fired for long enough', async () => {
      const ofTeam = 'triggers: [{ for: { hours: 1 }, ';
      await engine.save(onAlert('Page for held', 'team="held"').replace('triggers: [{ ', ofTeam));
      const fingerprint = await fire(alert({ team: 'held' }));
      const silence = { durationMinutes: 60, comment: 'planned' };
      await engine.call(api, 'POST', `/alerts/${fingerprint}/silence`, silence);
      await engine.routed();
      expect(await why(fingerprint)).toMatch(
        /"Page for held" did not run: the cause stopped at .*, before .*\. Silenced until .* by admin: planned/,
      );
    });

    test('16: the change could not be routed', async () => {
      await engine.save(on('poison'));
      await engine.database.db.execute(sql`
        alter table runs add constraint no_poison check (context_key is distinct from 'poison-1')`);
      const [changeId = ''] = await engine.emit('poison', {}, { subject: 'poison-1' });
      await until(
        'an attempt has failed',
        async () => ((await detail(changeId))['change'] as Fields)['failure'] !== null,
      );
      expect(await why(changeId)).toMatch(/It has not been routed yet\. The last try failed: .*|was set aside/);
    });

    test('17: the run failed', async () => {
      const id = await engine.save(on('failing', '', '[{ id: page, stop: { reason: no pager today, error: true } }]'));
      const changeId = await emit('failing');
      await ended(id);
      expect(await why(changeId)).toMatch(
        /"Page for failing" started run .*, which failed at actions\[0\]: .*no pager today/,
      );
    });

    test('18: the run ended at one of its own conditions', async () => {
      const id = await engine.save(
        on('ending', '', `[{ condition: 'trigger.payload.data.n > 3' }, { delay: { seconds: 1 } }]`),
      );
      const changeId = await emit('ending', { n: 1 });
      await ended(id);
      const answer = await why(changeId);
      expect(answer).toMatch(/"Page for ending" started run .*, which ended at the condition actions\[0\]/);
      expect(answer).toMatch(/false {2}trigger\.payload\.data\.n > 3 is 1/);
    });

    test('19: no branch of a choose was taken', async () => {
      const choose = `[{ choose: [{ when: 'trigger.payload.data.night == true', sequence: [{ stop: { reason: paged } }] }] }]`;
      const id = await engine.save(on('choosing', '', choose));
      const changeId = await emit('choosing', { night: false });
      await ended(id);
      const answer = await why(changeId);
      expect(answer).toMatch(/"Page for choosing" started run .*, which succeeded/);
      expect(answer).toMatch(/branch 0: trigger\.payload\.data\.night == true is false/);
    });

    test('20: the run waits, and the event did not wake it', async () => {
      const wait = `[{ wait_for_trigger: { event: automation.event, config: { type: answer }, context_key: "*", filter: 'trigger.payload.data.ok == true', timeout_seconds: 600 } }]`;
      const id = await engine.save(on('waiting', '', wait));
      const first = await emit('waiting');
      await until('the run waits', async () => (await engine.runs(id))[0]?.status === 'waiting');
      expect(await why(first)).toMatch(/"Page for waiting" started run .*, which is waiting/);
      expect(await explained('answer', { ok: false })).toMatch(/It did not wake the wait of run .* at actions\[0\]/);
      expect(await explained('answer', { ok: true })).toMatch(/It woke the wait of run .* at actions\[0\]/);
    });

    test('21: the alert was only repeated', async () => {
      const sent = alert({ team: 'repeat' });
      await fire(sent);
      await new Promise((resolve) => setTimeout(resolve, 2_100));
      await fire(sent);
      expect(await why(sent.fingerprint, '--since', '2s')).toMatch(
        /Alert "DiskFull" \(why\d+\) has been firing since .* It did not change in the last 2s\. Repeats that started nothing: 1,/,
      );
    });

    test('22: nothing was received', async () => {
      expect(await why('no-such-thing', '--since', '1h')).toContain(
        'Nothing about "no-such-thing" was received within the last 1h',
      );
    });

    test('23: it is not the right time of day', async () => {
      const hour = (new Date().getUTCHours() + 12) % 24;
      const time = `{ time: { after: "${String(hour).padStart(2, '0')}:00", before: "${String((hour + 1) % 24).padStart(2, '0')}:00" } }`;
      await engine.save(on('nightly', `conditions: [${time}]`));
      expect(await explained('nightly')).toMatch(
        /"Page for nightly" did not run: condition 1 was false: time is ".*\(UTC\)"/,
      );
    });

    test('24: an event that another automation emitted shows its cause', async () => {
      await engine.save(on('first', '', '[{ action: automation.emit_event, config: { type: second } }]'));
      await engine.save(on('second', `conditions: ['1 == 2']`));
      const first = await emit('first');
      const second = await until('the second event is routed', async () => {
        const { causes } = (await detail(first)) as { causes: { down: Fields[] } };
        const changeId = causes.down.find(({ event }) => event === 'automation.event')?.['changeId'];
        return changeId !== undefined && String(changeId);
      });
      await routed(second);
      const answer = await why('second');
      expect(answer).toMatch(/caused by run .* of "Page for first"/);
      expect(answer).toContain('"Page for second" did not run: condition 1 was false');
    });
  });
});
