import fc from 'fast-check';
import { createWorkflowSandbox, type WorkflowSandbox } from '../../src/cli/test/workflow-sandbox';
import type { StretchInput } from '../../src/domain/run/activities';
import { driveInline, type StepHandlers } from '../../src/domain/run/interpret/inline';
import type { ExecutionOf } from '../../src/domain/run/interpret/kind';
import { Progress } from '../../src/domain/run/interpret/progress';
import { planOf, runBranch, runList } from '../../src/domain/run/interpret/steps';
import { stepAt } from '../../src/domain/run/step-at';
import { documentsWith, parsed, type Steps } from '../support/order/documents';
import { chance, oracle, type Odds } from '../support/order/oracle';
import { byBranch, dryCourse } from '../support/order/dry';
import { referenceOf } from '../support/order/reference';
import { StepRows } from '../support/order/rows';
import {
  MAX_DELIVERIES,
  runGrouped,
  runOneByOne,
  type Answer,
  type Course,
  type Options,
} from '../support/order/world';
import { fixSeed } from '../support/property-seed';

/** Number of definitions to test. `FERMATA_TEST_ORDERS` overrides the default of 60. */
const RUNS = Number(process.env['FERMATA_TEST_ORDERS'] ?? 60);
const ODDS: Odds = { fail: 6, skip: 30, handover: 30 };
const EXECUTIONS = { 'test.own': 'transaction', 'test.short': 'short', 'test.long': 'long' } as const;

const executionOf: ExecutionOf = ({ action }) => ({
  execution: EXECUTIONS[action as keyof typeof EXECUTIONS],
  timeoutMs: 1_000,
});

/** Returns whether all attempts of a call are lost. Only Temporal then detects the failure. */
const isLost = (seed: number, path: string): boolean => chance(`${seed} lost ${path}`) < 10;

function rowsOf(definition: Steps): StepRows {
  return new StepRows((path) => {
    const step = stepAt(definition, path);
    return step !== undefined && 'repeat' in step && 'parallel' in step.repeat;
  });
}

/** Returns handlers that add their row changes to `writes`. */
function writing(handlers: StepHandlers, rows: StepRows, writes: (() => void)[]): StepHandlers {
  return {
    evaluate: async (input) => {
      const evaluation = await handlers.evaluate(input);
      writes.push(
        () => rows.note(input.journal),
        () => rows.evaluated(input, evaluation),
      );
      return evaluation;
    },
    perform: async (input) => {
      const performance = await handlers.perform(input);
      writes.push(
        () => rows.note(input.journal),
        () => rows.performed(input.path, performance),
      );
      return performance;
    },
  };
}

/**
 * Returns a function that completes activities with the real inline driver. Only the rows and the providers are
 * simulated.
 */
function answersFor(definition: Steps, seed: number, odds: Odds, now: () => number, rows: StepRows): Answer {
  const answered = oracle(definition, seed, odds, now);
  const writes: (() => void)[] = [];
  const handlers = writing(answered, rows, writes);
  const stretchOf = async (input: StretchInput) => {
    const { branch: place, positions, variables, repeat, wait, error } = input;
    const progress = new Progress(variables, { positions, variables: {}, finished: {}, waits: {} });
    const branch = place === '' ? progress.root : progress.fork(progress.root, place);
    Object.assign(branch, { repeat, wait });
    const list = error === undefined ? 'actions' : 'on_failure';
    const steps =
      (place === '' ? null : runBranch(progress, branch, definition, executionOf)) ??
      runList(progress, branch, planOf(definition[list], executionOf), list);
    const budget = 1 + (chance(`${seed} budget ${input.first?.at ?? ''}`) % 6);
    const stretch = { input, branch, steps, journal: [...input.journal] };
    const stretched = await driveInline(stretch, handlers, (done) => done.length >= budget);
    if (stretched.ended) writes.push(() => rows.end(stretch.journal));
    return stretched;
  };
  const answer: Answer = async (name, given) => {
    const input = given as StretchInput & { path: string; status: string; endedBy?: object };
    switch (name) {
      case 'claimRun': {
        const first = { runId: 'run', branch: '', positions: {}, variables: {}, repeat: null, journal: [] };
        const plan = planOf(definition.actions, executionOf);
        const onFailure = planOf(definition.on_failure, executionOf);
        return { result: { plan, onFailure, variables: {}, ...(await stretchOf(first)) } };
      }
      case 'performStretch':
        return { result: await stretchOf(input) };
      case 'performStep': {
        if (isLost(seed, input.path)) return { failure: 'heartbeat' };
        const called = await handlers.perform(input);
        const performed = called.type === 'handover' ? { type: 'done' as const } : called;
        writes.push(() => rows.performed(input.path, performed));
        return { result: performed };
      }
      case 'failStep': {
        const error = { code: 'internal', message: 'lost', path: input.path };
        const failed = { type: 'failed' as const, error };
        writes.push(
          () => rows.note(input.journal),
          () => rows.performed(input.path, failed),
        );
        return { result: failed };
      }
      case 'finishRun':
        if (input.status === 'success' && input.endedBy === undefined) writes.push(() => rows.end(input.journal));
        return { result: true };
      case 'noteRunFailed':
        writes.push(() => rows.note(input.journal));
        return { result: true };
      default:
        writes.push(() => rows.note(input.journal));
        return { result: null };
    }
  };
  return async (name, given) => {
    writes.length = 0;
    const answered = await answer(name, given);
    const written = writes.splice(0);
    return { ...answered, write: () => written.forEach((write) => write()) };
  };
}

describe('commands of a run', () => {
  let sandbox: WorkflowSandbox;
  /** Number of executions that were compared with the reference result of their definition. */
  let compared = 0;
  beforeAll(async () => {
    fixSeed();
    sandbox = await createWorkflowSandbox(['default']);
  }, 120_000);

  /**
   * Expects the same commands when completions arrive one by one, all together, and in random groups. Returns the
   * commands.
   */
  async function expectSame(
    definition: Steps,
    seed: number,
    more: Partial<Options> = {},
    odds = ODDS,
  ): Promise<string[]> {
    let now = 0;
    const options: Options = {
      ...more,
      seed,
      setNow: (instant) => (now = instant),
      answer: answersFor(definition, seed, odds, () => now, rowsOf(definition)),
    };
    const rows = rowsOf(definition);
    const course = await runOneByOne(sandbox, {
      ...options,
      answer: answersFor(definition, seed, odds, () => now, rows),
      onQuiet: () => expect(rows.leftBehind()).toEqual([]),
    });
    expect(rows.openAtEnd).toEqual([]);
    if (more.cancelAt === undefined && more.longFrom === undefined)
      await expectMeaning(definition, seed, odds, course, rows);
    let turn = seed;
    const sizes = [
      () => Infinity,
      () => 1 + (chance(`size ${(turn += 1)}`) % 4),
      () => 1 + (chance(`other ${(turn += 1)}`) % 2),
    ];
    for (const size of sizes) {
      expect(await runGrouped(sandbox, options, course, size)).toEqual(course.commands);
    }
    return course.commands;
  }

  /** Expects that the run did what its definition says, regardless of the order in which its activities ended. */
  async function expectMeaning(definition: Steps, seed: number, odds: Odds, course: Course, rows: StepRows) {
    const handlers = oracle(definition, seed, odds, () => 0);
    const expected = await referenceOf(definition, handlers, (path) => isLost(seed, path));
    if (expected === null || course.delivered.length >= MAX_DELIVERIES) return;
    expect(course.commands.at(-1)).toBe(expected.status === 'success' ? 'complete' : 'fail');
    expect([...rows.actions].sort()).toEqual([...expected.actions].sort());
    await expectDry(definition, seed, odds, rows, expected.status);
    compared += 1;
  }

  /**
   * Expects that a dry run evaluates the same steps and decisions as the run, in the same order within each branch, and
   * ends in the same way.
   */
  async function expectDry(definition: Steps, seed: number, odds: Odds, rows: StepRows, status: 'success' | 'failed') {
    const handlers = oracle(definition, seed, odds, () => 0);
    const dry = await dryCourse(definition, handlers, { executionOf, isLost: (path) => isLost(seed, path) });
    expect(dry.status).toBe(status);
    expect(byBranch(definition, dry.handled)).toEqual(byBranch(definition, [...rows.handled]));
  }

  it('are the same and in the same order for every grouping of completions', async () => {
    const cuts = fc.record({
      cancelAt: fc.option(fc.nat(12), { nil: undefined }),
      longFrom: fc.option(fc.nat(12), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(
        documentsWith({ stops: true }),
        fc.nat(10_000),
        cuts,
        async (definition, seed, { cancelAt, longFrom }) => {
          const more = {
            ...(cancelAt === undefined ? {} : { cancelAt: cancelAt + 1 }),
            ...(longFrom === undefined ? {} : { longFrom: longFrom + 1 }),
          };
          await expectSame(definition, seed, more);
        },
      ),
      { numRuns: RUNS },
    );
  }, 900_000);

  it('match the definition and its dry run, in every order in which activities end', async () => {
    const odds = { ...ODDS, holds: 100 };
    compared = 0;
    await fc.assert(
      fc.asyncProperty(documentsWith({ stops: false }), fc.nat(10_000), async (definition, seed) => {
        await expectSame(definition, seed, {}, odds);
      }),
      { numRuns: RUNS },
    );
    expect(compared).toBeGreaterThan(RUNS / 2);
  }, 900_000);

  it('continue with the next iteration when a false condition has cancelled the waits in other branches', async () => {
    const wait = { wait_until: { condition: '1 == 1' } };
    const cut = { sequence: [{ delay: { seconds: 1 } }, { condition: '1 == 2' }] };
    const definition = parsed({
      actions: [{ repeat: { count: 2, sequence: [{ parallel: [wait, wait, cut] }] } }, { action: 'test.long' }],
      on_failure: [],
    });
    for (let seed = 0; seed < 12; seed += 1) {
      const commands = await expectSame(definition, seed, {}, { fail: 0, skip: 0, handover: 0, holds: 0 });
      const first = commands.findIndex((command) => command.startsWith('normal'));
      expect(commands[first]).toContain('actions[1]');
      expect(commands.findLastIndex((command) => command.includes('"at":"actions[0].repeat[1]'))).toBeLessThan(first);
    }
  }, 60_000);

  const stop = { stop: { reason: 'enough', error: true }, enabled: 'variables.x == 1' };
  const within = (depth: number, wrap: (inner: object) => object): object =>
    depth === 0 ? stop : wrap(within(depth - 1, wrap));
  it.each([
    ['10 sequences', within(10, (inner) => ({ sequence: [inner] }))],
    ['6 repeats', within(6, (inner) => ({ repeat: { count: 1, sequence: [inner] } }))],
    ['8 chooses', within(8, (inner) => ({ choose: [{ when: '1 == 1', sequence: [inner] }], else: [inner] }))],
  ])(
    'are the same if a stop inside %s ends the run during a short action in another branch, and on_failure waits',
    async (_name, branch) => {
      const definition = parsed({
        actions: [{ parallel: [branch, { action: 'test.short' }] }],
        on_failure: [{ delay: { seconds: 5 } }, { action: 'test.own' }],
      });
      for (let seed = 0; seed < 12; seed += 1) {
        const commands = await expectSame(definition, seed, {}, { fail: 0, skip: 0, handover: 30 });
        expect(commands.at(-1)).toBe('fail');
      }
    },
    120_000,
  );
});
