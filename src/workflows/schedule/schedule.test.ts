import { fakeExecution } from '../../../test/support/fake-workflow';
import { schedule } from './schedule';

jest.mock(
  '@temporalio/workflow',
  () => jest.requireActual<{ fakeWorkflowModule: object }>('../../../test/support/fake-workflow').fakeWorkflowModule,
);

const begin = async (searchAttributes: Record<string, unknown>) => {
  const run = fakeExecution({});
  run.info.searchAttributes = searchAttributes;
  run.info.startTime = new Date('2026-03-01T10:00:07Z');
  await run.run(() => schedule({ v: 1, automationId: 'a', triggerId: 't' }));
  return run;
};

describe('a time of a schedule', () => {
  it('fires with the time that Temporal scheduled and the time at which it began', async () => {
    const run = await begin({ TemporalScheduledStartTime: [new Date('2026-03-01T10:00:00Z')] });
    expect(run.activity('fireSchedule').input).toEqual({
      ...{ automationId: 'a', triggerId: 't' },
      ...{ scheduledFor: '2026-03-01T10:00:00.000Z', begunAt: '2026-03-01T10:00:07.000Z' },
    });
    await run.answer('fireSchedule', 'fired');
    expect(run.outcome()).toEqual({ isOpen: false, value: 'fired' });
  });

  it('reads a scheduled time that arrives as text', async () => {
    const run = await begin({ TemporalScheduledStartTime: ['2026-03-01T10:00:00Z'] });
    expect(run.activity('fireSchedule').input['scheduledFor']).toBe('2026-03-01T10:00:00.000Z');
  });

  it('fires with its own start time if it is started manually', async () => {
    const run = await begin({});
    expect(run.activity('fireSchedule').input['scheduledFor']).toBe('2026-03-01T10:00:07.000Z');
  });

  it('is repeated until its event is written: a restart of Postgres loses no event', async () => {
    const run = await begin({});
    expect(run.activity('fireSchedule').options).toMatchObject({ startToCloseTimeout: '20 seconds' });
    expect(run.activity('fireSchedule').options['retry']).not.toHaveProperty('maximumAttempts');
  });
});
