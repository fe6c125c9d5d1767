import { z } from 'zod';
import { Findings } from '../../domain/definition/findings';
import { configFindings } from '../../domain/definition/structure';
import { readYaml } from '../../domain/definition/yaml';
import type { Locate } from '../../domain/definition/yaml-locate';
import type { Finding } from '../../domain/errors';
import { readTextFile } from '../read-text-file';
import { durationText, msOfDuration } from './duration-text';
import { Occurrence } from './occurrence';

const Data = z.record(z.string(), z.unknown());

/** A duration since the start of the test. */
export const After = z.union([z.literal(0), z.string()], { error: 'not a time' }).superRefine((text, ctx) => {
  if (msOfDuration(String(text)) === undefined)
    ctx.addIssue({ code: 'custom', message: 'Write the time since the start as 0, 90s, 5m, 1h30m or 2d' });
});

const When = After.transform((text) => durationText(msOfDuration(String(text)) ?? 0)).describe('Since the start');

/** The mocked outcome of a call. */
const Answer = z
  .strictObject({
    output: z.unknown().describe('Result of the step, and data of its artifact'),
    fail: z.string().describe('Fails with this message'),
    retryable: z.boolean().describe('Whether the failure is worth another attempt; default true'),
  })
  .partial()
  .refine(({ output, fail }) => output === undefined || fail === undefined, {
    error: 'Give "output" or "fail", not both',
  });
export type Answer = z.infer<typeof Answer>;

const StepExpectation = z
  .strictObject({
    id: z.string(),
    path: z.string(),
    kind: z.string(),
    action: z.string(),
    status: z.string(),
    attempts: z.int(),
    config: z.unknown().describe('Rendered configuration'),
    result: z.unknown(),
    error: z.unknown(),
    startedAt: When,
    finishedAt: When,
  })
  .partial()
  .refine(({ id, path }) => (id === undefined) !== (path === undefined), { error: 'Name the step by "id" or "path"' });

const RunExpectation = z
  .strictObject({
    automation: z.string(),
    status: z.string(),
    triggerId: z.string(),
    triggerEvent: z.string(),
    contextKey: z.string().nullable(),
    endedBy: z.unknown(),
    error: z.unknown(),
    startedAt: When,
    finishedAt: When,
    steps: z.array(StepExpectation).describe('Steps that must exist; others may exist too'),
    artifacts: Data.describe('Data of artifacts, by action id'),
  })
  .partial();

const EvaluationExpectation = z
  .strictObject({
    automation: z.string(),
    outcome: z.string(),
    triggerId: z.string(),
    contextKey: z.string().nullable(),
    detail: z.string(),
    count: z.int(),
  })
  .partial();

const EntityExpectation = z.strictObject({
  kind: z.string(),
  id: z.string().optional().describe('Default: any of the kind'),
  state: z.unknown().optional(),
  absent: z.boolean().default(false),
});

const CallExpectation = z
  .strictObject({ action: z.string(), id: z.string(), automation: z.string(), config: z.unknown() })
  .partial();

const Expectation = z.strictObject({
  at: After,
  runs: z.array(RunExpectation).optional().describe('All runs so far, oldest first'),
  calls: z.array(CallExpectation).optional().describe('All calls to external systems so far, in order'),
  evaluations: z.array(EvaluationExpectation).optional().describe('Items that must exist; [] = none may exist'),
  entities: z.array(EntityExpectation).optional().describe('Items that must exist'),
});
export type Expectation = z.infer<typeof Expectation>;

const TestCase = z.strictObject({
  name: z.string().min(1),
  start: z.iso.datetime({ offset: true }).default('2026-01-05T09:00:00Z').describe('A Monday'),
  timezone: z
    .string()
    .optional()
    .describe('Time zone of time conditions and schedules that set none; default: FERMATA_TIMEZONE'),
  secrets: z.record(z.string(), z.string()).default({}),
  given: z.array(Occurrence).default([]).describe('Happens before the automations are created'),
  mocks: z.record(z.string(), z.union([Answer, z.array(Answer).min(1)], { error: 'not an answer' })).default({}),
  events: z.array(Occurrence.safeExtend({ at: After })).default([]),
  expect: z.array(Expectation).min(1),
});
export type TestCase = z.infer<typeof TestCase>;

const TestFile = z.strictObject({
  automations: z
    .array(z.union([z.string(), Data], { error: 'not an automation' }))
    .min(1)
    .describe('Paths of files, relative to this file; or documents'),
  tests: z.array(TestCase).min(1),
});

/** A test file with a function that locates its paths, or with its errors. */
export interface ReadFile {
  file: string;
  lines: readonly string[];
  locate: Locate;
  content?: z.infer<typeof TestFile>;
  errors: Finding[];
}

/**
 * Reads a test file.
 * @throws {UsageError} when it cannot be read
 */
export function readTestFile(file: string): ReadFile {
  const text = readTextFile(file);
  const lines = text.split(/\r?\n/);
  const [document, second] = readYaml(text);
  if (document === undefined || second !== undefined) {
    const message = document === undefined ? 'The file is empty' : 'Expected one document, found several';
    const errors = [{ path: '', code: 'yaml_syntax', message, line: 1, column: 1 }];
    return { file, lines, locate: () => undefined, errors };
  }
  const { value, locate, errors } = document;
  if (errors.length > 0) return { file, lines, locate, errors };
  const parsed = TestFile.safeParse(value);
  if (parsed.success) return { file, lines, locate, content: parsed.data, errors };
  const findings = new Findings(locate);
  for (const finding of configFindings(TestFile, value, [])) findings.error(finding);
  return { file, lines, locate, errors: findings.errors };
}
