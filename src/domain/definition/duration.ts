import { z } from 'zod';

/** Maximum duration in a document, in milliseconds. It is 30 days. */
export const MAX_DURATION_MS = 30 * 24 * 3_600_000;

const UNITS_MS = { seconds: 1_000, minutes: 60_000, hours: 3_600_000, days: 86_400_000 } as const;
const CLOCK = /^(\d{1,3}):([0-5]\d):([0-5]\d)$/;
/** Matches Prometheus durations without weeks and years. Units must be in descending order, each at most once. */
const COMPACT = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?(?:(\d{1,12})ms)?$/;

const unit = (name: string) => z.number().min(0).optional().describe(`Number of ${name}`);

const UNITS = { days: unit('days'), hours: unit('hours'), minutes: unit('minutes'), seconds: unit('seconds') };

function checkUnits(value: z.infer<z.ZodObject<typeof UNITS>>, ctx: z.RefinementCtx): void {
  const problem = rangeProblem(unitsToMs(value));
  if (problem !== undefined) ctx.addIssue({ code: 'custom', message: problem });
}

/** A duration such as `{minutes: 5}`. Keys may be combined. */
const UnitDuration = z.strictObject(UNITS).superRefine(checkUnits);

/** A duration such as `"5m"`, `"1h30m"` or `"hh:mm:ss"`, where hours may exceed 24. */
const TextDuration = z.string().superRefine((value, ctx) => {
  const ms = textToMs(value);
  const problem =
    ms === undefined ? 'Write it as "5m", "1h30m" or "hh:mm:ss", for example "00:05:00"' : rangeProblem(ms);
  if (problem !== undefined) ctx.addIssue({ code: 'custom', message: problem });
});

/**
 * A duration such as `{template: "…"}`. The template must render to a number of seconds, or to text such as "1h30m" or
 * "hh:mm:ss".
 */
const TEMPLATE = { template: z.string().min(1).describe('Template that renders to a number of seconds') };
const TemplateDuration = z.strictObject(TEMPLATE);

const MISSED = {
  missed: z
    .enum(['fire', 'report'])
    .optional()
    .describe(
      'What to do when the cause held until the deadline but ended before a worker could fire: fire (default) or report',
    ),
};
const UnitDwell = z.strictObject({ ...UNITS, ...MISSED }).superRefine(checkUnits);
const TemplateDwell = z.strictObject({ ...TEMPLATE, ...MISSED });

/** The forms in which a duration can be written. */
export const DURATION_FORMS = { units: UnitDuration, text: TextDuration, template: TemplateDuration };

/**
 * A length of time: `"5m"`, `"1h30m"`, `"hh:mm:ss"`, `{seconds|minutes|hours|days: n}` or `{template}`; > 0 and ≤ 30
 * days.
 */
export const Duration = z.union([UnitDuration, TextDuration, TemplateDuration], { error: 'not a duration' }).meta({
  id: 'Duration',
  description: 'A length of time: "5m", "1h30m", "hh:mm:ss", {minutes: 5} or {template: "…"}; at most 30 days',
});
export type Duration = z.infer<typeof Duration>;

/** The forms in which the duration of a dwell can be written. */
export const DWELL_FORMS = { units: UnitDwell, text: TextDuration, template: TemplateDwell };

/**
 * The duration of a dwell (`for:` of a trigger), and what happens if its deadline passes while no worker is running.
 */
export const DwellDuration = z.union([UnitDwell, TextDuration, TemplateDwell], { error: 'not a duration' }).meta({
  id: 'DwellDuration',
  description:
    'A length of time. A map may also have missed: fire or report, which applies when the deadline passed while no worker was running',
});
export type DwellDuration = z.infer<typeof DwellDuration>;

function unitsToMs(value: { [unit in keyof typeof UNITS_MS]?: number | undefined }): number {
  let total = 0;
  for (const [name, ms] of Object.entries(UNITS_MS)) total += (value[name as keyof typeof UNITS_MS] ?? 0) * ms;
  return Math.round(total);
}

function clockToMs(text: string): number | undefined {
  const match = CLOCK.exec(text.trim());
  if (!match) return undefined;
  return (Number(match[1]) * 3_600 + Number(match[2]) * 60 + Number(match[3])) * 1_000;
}

/** Converts text such as `"1h30m"` or `"hh:mm:ss"` to milliseconds. Returns undefined for any other text. */
function textToMs(text: string): number | undefined {
  const clock = clockToMs(text);
  if (clock !== undefined) return clock;
  const match = COMPACT.exec(text.trim());
  if (!match || match[0] === '') return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0, ms = 0] = match.slice(1).map((digits) => Number(digits ?? 0));
  return unitsToMs({ days, hours, minutes, seconds }) + ms;
}

/** Returns why a length in milliseconds is not allowed, or undefined when it is allowed. */
function rangeProblem(ms: number): string | undefined {
  if (!(ms > 0)) return 'A duration must be longer than 0';
  return ms > MAX_DURATION_MS ? 'A duration may be at most 30 days' : undefined;
}

/**
 * Thrown for a value that is not a duration, and for a duration outside the allowed range (> 0 and ≤ 30 days). The
 * message states the problem and, for a template, its rendered value.
 */
export class DurationError extends Error {
  override readonly name = 'DurationError';
}

/**
 * Converts a rendered duration to milliseconds. It may be a number of seconds, numeric text, "1h30m" or "hh:mm:ss".
 * @throws {DurationError} for anything else
 */
function renderedToMs(rendered: unknown): number {
  const text = typeof rendered === 'string' ? rendered.trim() : rendered;
  const seconds = typeof text === 'string' && text !== '' ? Number(text) : text;
  const written = typeof text === 'string' ? textToMs(text) : undefined;
  const ms = written ?? (typeof seconds === 'number' ? Math.round(seconds * 1_000) : NaN);
  if (Number.isNaN(ms)) {
    throw new DurationError(
      `The duration rendered to ${JSON.stringify(rendered) ?? 'nothing'}, which is not a number of seconds`,
    );
  }
  const problem = rangeProblem(ms);
  if (problem !== undefined)
    throw new DurationError(`${problem}; the template rendered to ${JSON.stringify(rendered)}`);
  return ms;
}

/**
 * Converts a duration to whole milliseconds, > 0 and ≤ 30 days. `render` evaluates a template and keeps the type of its
 * value. Errors that `render` throws are passed on.
 * @throws {DurationError} when the result is not a duration
 */
export function durationMs(duration: Duration | DwellDuration, render: (template: string) => unknown): number {
  if (typeof duration !== 'string' && 'template' in duration) return renderedToMs(render(duration.template));
  const ms = typeof duration === 'string' ? (textToMs(duration) ?? NaN) : unitsToMs(duration);
  const problem = rangeProblem(ms);
  if (problem !== undefined) throw new DurationError(problem);
  return ms;
}

/**
 * Converts a duration that is not a template to milliseconds. A number is read as milliseconds. Returns undefined for
 * anything else.
 */
export function writtenMs(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return textToMs(value);
  const units = UnitDuration.safeParse(value);
  return units.success ? unitsToMs(units.data) : undefined;
}

/**
 * Returns the schema of a field in milliseconds that also accepts durations: 5000, "5s", "00:00:05" or {seconds: 5}.
 * The parsed value is in milliseconds.
 * @param preset the default that schemas show; parsing does not fill it in
 */
export function millisecondsOf(least: number, most: number, preset: number) {
  return z
    .union([z.int().min(least).max(most), TextDuration, UnitDuration])
    .meta({ default: preset })
    .transform((value) => writtenMs(value) ?? NaN)
    .refine((ms) => ms >= least && ms <= most, `Must be ${least} to ${most} milliseconds`);
}
