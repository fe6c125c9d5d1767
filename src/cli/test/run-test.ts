import { dirname, resolve } from 'node:path';
import { readAutomationFile } from '../apply/automation-files';
import { check } from './check';
import type { Difference } from './compare';
import { msOfDuration } from './duration-text';
import { performOccurrence, problemOf, Refused } from './perform-occurrence';
import type { Occurrence } from './occurrence';
import type { ScratchPostgres } from './scratch-postgres';
import { openStage, type Stage } from './stage';
import type { ReadFile, TestCase } from './test-file';

/** A failed expectation, or a part of the test that could not be set up or performed. */
export interface Failure extends Partial<Pick<Difference, 'expected' | 'found'>> {
  /** Path in the file. */
  path: string;
  message?: string;
  /** Milliseconds since the start of the test. */
  atMs: number;
}

/** An automation document. `path` is the path of its entry in the test file, e.g. `automations[0]`. */
export interface Document {
  path: string;
  document: Record<string, unknown>;
}

/**
 * Loads the automations of a test file.
 * @throws {UsageError} when a file cannot be read. Errors within files are returned in `problems`.
 */
export function loadAutomations({ file, content }: ReadFile): { documents: Document[]; problems: Failure[] } {
  const documents: Document[] = [];
  const problems: Failure[] = [];
  for (const [index, automation] of (content?.automations ?? []).entries()) {
    const path = `automations[${index}]`;
    if (typeof automation !== 'string') {
      documents.push({ path, document: automation });
      continue;
    }
    const { found, errors } = readAutomationFile(resolve(dirname(file), automation));
    documents.push(...found.map(({ document }) => ({ path, document })));
    problems.push(...errors.map(({ finding }) => ({ path, atMs: 0, message: `${automation}: ${finding.message}` })));
    if (found.length === 0 && errors.length === 0)
      problems.push({ path, atMs: 0, message: `Automation in ${automation} not found` });
  }
  return { documents, problems };
}

/**
 * Runs one test in its own instance of the service. All expectations are checked, even if one fails. If the test cannot
 * be set up, nothing else is performed.
 */
export async function runTest(
  postgres: ScratchPostgres,
  test: TestCase,
  place: string,
  documents: readonly Document[],
): Promise<Failure[]> {
  const start = new Date(test.start);
  const stage = await openStage(postgres, { start, timezone: test.timezone, mocks: test.mocks });
  try {
    const before = await setUp(stage, test, place, documents);
    return 'failures' in before ? before.failures : await play(stage, test, place, before.automations);
  } finally {
    await stage.close();
  }
}

async function setUp(
  stage: Stage,
  test: TestCase,
  place: string,
  documents: readonly Document[],
): Promise<{ automations: Map<string, string> } | { failures: Failure[] }> {
  const failures: Failure[] = [];
  const automations = new Map<string, string>();
  for (const [name, value] of Object.entries(test.secrets)) {
    const answer = await stage.call('PUT', `/secrets/${encodeURIComponent(name)}`, { value });
    if (answer.status >= 400) failures.push({ path: `${place}.secrets.${name}`, atMs: 0, message: problemOf(answer) });
  }
  for (const [index, occurrence] of test.given.entries()) {
    const failure = await tryTo(stage, occurrence, {
      test,
      index,
      automations,
      path: `${place}.given[${index}]`,
      atMs: 0,
    });
    if (failure) failures.push(failure);
  }
  await stage.settle();
  for (const { path, document } of documents) {
    const answer = await stage.call('POST', '/automations', document);
    const { id, name } = Object(answer.body) as { id: string; name: string };
    if (answer.status >= 400)
      failures.push({ path, atMs: 0, message: `The automation was refused: ${problemOf(answer)}` });
    else automations.set(name, id);
  }
  await stage.settle();
  return failures.length > 0 ? { failures } : { automations };
}

/** Performs everything in chronological order. At the same instant, occurrences come before expectations. */
async function play(
  stage: Stage,
  test: TestCase,
  place: string,
  automations: ReadonlyMap<string, string>,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  const msOf = ({ at }: { at: string | number }) => msOfDuration(String(at)) ?? 0;
  const events = test.events.map((event, index) => ({ event, atMs: msOf(event), index }));
  const expectations = test.expect.map((expected, index) => ({ expected, atMs: msOf(expected), index }));
  const instants = [...new Set([...events, ...expectations].map(({ atMs }) => atMs))].sort((a, b) => a - b);
  for (const atMs of instants) {
    await stage.advanceTo(new Date(Date.parse(test.start) + atMs));
    for (const { event, index } of events.filter((one) => one.atMs === atMs)) {
      const path = `${place}.events[${index}]`;
      const failure = await tryTo(stage, event, { test, index: index + test.given.length, automations, path, atMs });
      if (failure) failures.push(failure);
      await stage.settle();
    }
    for (const { expected, index } of expectations.filter((one) => one.atMs === atMs)) {
      const found = await check(stage, expected, `${place}.expect[${index}]`, automations);
      failures.push(...found.map((difference) => ({ ...difference, atMs })));
    }
  }
  return failures;
}

async function tryTo(
  stage: Stage,
  occurrence: Occurrence,
  about: { test: TestCase; index: number; automations: ReadonlyMap<string, string>; path: string; atMs: number },
): Promise<Failure | undefined> {
  const { test, index, automations, path, atMs } = about;
  const automationId = (name: string): string => {
    const id = automations.get(name);
    if (id === undefined)
      throw new Refused(`Automation "${name}" not found; there are ${[...automations.keys()].join(', ')}`);
    return id;
  };
  try {
    await performOccurrence(stage, occurrence, { start: new Date(test.start), index, automationId });
    return undefined;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { path, atMs, message: error.message };
  }
}
