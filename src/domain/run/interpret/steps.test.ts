import { ActionStep } from '../../definition/action';
import type { Command } from './command';
import { RunEnded } from './outcome';
import { Progress } from './progress';
import { planOf, runList } from './steps';

const plan = (written: object[]) =>
  planOf(
    written.map((step) => ActionStep.parse(step)),
    () => ({ execution: 'short', timeoutMs: 1_000 }),
  );

/** Answers commands by path until the steps have ended. Returns all commands except notes. */
function interpret(written: object[], answers: Record<string, unknown>, progress = new Progress({})) {
  const steps = runList(progress, progress.root, plan(written), 'actions');
  const commands: string[] = [];
  let answer: unknown;
  for (;;) {
    const next = steps.next(answer);
    if (next.done) return commands;
    const command: Command = next.value;
    if (command.type === 'note') continue;
    const iteration = command.type === 'evaluate' && command.iteration !== undefined ? `#${command.iteration}` : '';
    const name = `${command.type} ${command.path}${iteration}`;
    commands.push(name);
    answer = answers[name] ?? answers[command.type];
  }
}

const done = { perform: { type: 'done' } };

describe('the interpreter', () => {
  it('hands an action over to a call with retries, after the delay that the failed attempt requests', () => {
    const handover = { type: 'handover', attempts: 1, delayMs: 500, timeoutMs: 1_000 };
    expect(interpret([{ action: 'a.b' }], { perform: handover, call: { type: 'done' } })).toEqual([
      'perform actions[0]',
      'sleep actions[0]',
      'call actions[0]',
    ]);
  });

  it('moves a call to the task queue of calls, once, if its origin has used its share of the slots', () => {
    const apart = { type: 'handover', attempts: 0, delayMs: 0, timeoutMs: 1_000, apart: true };
    const steps = runList(new Progress({}), new Progress({}).root, plan([{ action: 'a.b' }]), 'actions');
    const calls: unknown[] = [];
    let answer: unknown;
    for (let next = steps.next(); !next.done; next = steps.next(answer)) {
      if (next.value.type === 'perform') answer = { type: 'handover', attempts: 0, delayMs: 0, timeoutMs: 1_000 };
      if (next.value.type !== 'call') continue;
      calls.push(next.value.after);
      answer = calls.length === 1 ? apart : { type: 'done' };
    }
    expect(calls).toEqual([expect.not.objectContaining({ apart: true }), apart]);
  });

  it('records the failure of a call that has no attempts left, and continues if the step may fail', () => {
    const steps = [{ action: 'a.b', continue_on_error: true }, { action: 'c.d' }];
    const answers = {
      'perform actions[0]': { type: 'handover', attempts: 1, delayMs: 0, timeoutMs: 1 },
      call: { type: 'gaveUp', code: 'timeout', message: 'late' },
      fail: { type: 'failed', error: { code: 'timeout', message: 'late' } },
      ...done,
    };
    expect(interpret(steps, answers)).toEqual([
      ...['perform actions[0]', 'call actions[0]', 'fail actions[0]', 'perform actions[1]'],
    ]);
  });

  it('continues in the middle of an iteration without deciding again whether to begin it', () => {
    const steps = [{ repeat: { while: '1 == 1', sequence: [{ action: 'a.b' }, { action: 'c.d' }] } }];
    const positions = {
      ...{ actions: 0, 'actions[0]': 2, 'actions[0].begun': 3, 'actions[0].done': 2 },
      'actions[0].repeat[2].sequence': 1,
    };
    const progress = new Progress({}, { positions, variables: {}, finished: {}, waits: {} });
    const answers = {
      'evaluate actions[0]': { type: 'repeat' },
      'evaluate actions[0]#3': { type: 'repeat', iteration: 3, goesOn: false },
      ...done,
    };
    expect(interpret(steps, answers, progress)).toEqual([
      ...['evaluate actions[0]', 'perform actions[0].repeat[2].sequence[1]', 'evaluate actions[0]#3'],
    ]);
  });

  it('passes on a wait that failed because of its timeout, but not a wait that failed otherwise', () => {
    const failed = (code: string, path: string) => ({ type: 'failed', error: { code, message: 'failed', path } });
    const progress = new Progress({});
    const steps = [0, 1].map(() => ({ wait_until: { condition: '1 == 2' }, continue_on_error: true }));
    const answers = {
      'evaluate actions[0]': failed('wait_timeout', 'actions[0]'),
      'evaluate actions[1]': failed('expression_error', 'actions[1]'),
    };
    interpret(steps, answers, progress);
    expect(progress.root.wait).toBe('actions[0]');
  });

  it('ends the whole run at a stop, at any depth', () => {
    const steps = [{ sequence: [{ stop: { reason: 'enough' } }] }, { action: 'a.b' }];
    expect(() => interpret(steps, done)).toThrow(RunEnded);
  });
});
