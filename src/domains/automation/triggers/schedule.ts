import { z } from 'zod';
import { messageOf } from '../../../domain/errors';
import type { TriggerType } from '../../../domain/registry/trigger-type';
import { cronWarnings, parseCron } from '../../../domain/schedules/cron';

const Payload = z.object({ firedAt: z.string(), scheduledFor: z.string() });

const catchUp = {
  catch_up: z
    .enum(['skip', 'one', 'all'])
    .default('one')
    .describe(
      'What to do about times that were missed while Temporal or the workers were down: make up none, the newest, or all',
    ),
  catch_up_minutes: z
    .int()
    .min(1)
    .max(43_200)
    .default(60)
    .describe('Missed times that are older than this are dropped'),
};

const CronText = z.string().superRefine((text, ctx) => {
  try {
    parseCron(text);
  } catch (error) {
    ctx.addIssue({ code: 'custom', message: messageOf(error) });
  }
});

const Timezone = z.string().refine(isTimezone, { error: 'Not an IANA time zone, such as Europe/Berlin' });

/** Config of `automation.cron`. */
export const CronConfig = z.strictObject({
  cronPattern: CronText.describe(
    'minute hour day-of-month month day-of-week, six fields with seconds first, or @daily and the like; L, W and # as in Quartz',
  ),
  timezone: Timezone.optional().describe('Default: FERMATA_TIMEZONE'),
  ...catchUp,
});

/** Config of `automation.interval`. Intervals are counted from the time at which the automation is enabled. */
export const IntervalConfig = z.strictObject({ intervalSeconds: z.int().min(1).max(2_592_000), ...catchUp });

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const common = { category: 'Automation', payloadSchema: Payload };

/** Fires at calendar times, through a Temporal Schedule. It starts only the automation that contains it. */
export const cronTrigger: TriggerType = {
  ...{ id: 'cron', displayName: 'Cron', ...common },
  description: 'Fires at the times of a cron pattern, in a time zone.',
  configSchema: CronConfig,
  configWarnings: ({ cronPattern }) =>
    cronWarnings(String(cronPattern)).map((message) => ({ key: 'cronPattern', message })),
};

/** Fires every `intervalSeconds`, through a Temporal Schedule. It starts only the automation that contains it. */
export const intervalTrigger: TriggerType = {
  ...{ id: 'interval', displayName: 'Interval', ...common },
  description: 'Fires at a fixed interval in seconds, counted from when the automation was enabled.',
  configSchema: IntervalConfig,
};
