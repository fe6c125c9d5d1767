import { ActionStep } from '../../definition/action';
import type { BranchEnd, Command, Steps } from './command';
import { RunEnded, StepFailed } from './outcome';
import { Progress } from './progress';
import { planOf, runList } from './steps';

type Fork = Extract<Command, { type: 'fork' }>;
/** Answers a command of a branch. Null = the command remains in progress, and the execution ends at this point. */
type Answer = (command: Command, index: number) => unknown;

const loop = (more: object, sequence: object[] = [{ action: 'a.b' }]) =>
  planOf([ActionStep.parse({ repeat: { for_each: 'items', parallel: 2, sequence, ...more } })], () => ({
    execution: 'short',
    timeoutMs: 1_000,
  }));

const items = (count: number) => Array.from({ length: count }, (_, index) => `item ${index}`);

/**
 * Drives a loop over `count` items. Branches take turns, one command at a time. `begun` contains the iterations in the
 * order in which they began, and `most` the maximum number of concurrent iterations.
 */
function drive(nodes: ReturnType<typeof loop>, count: number, answer: Answer, progress = new Progress({ kept: 1 })) {
  const steps = runList(progress, progress.root, nodes, 'actions');
  const begun: number[] = [];
  const notes: Extract<Command, { type: 'note' }>[] = [];
  let most = 0;

  const forked = (fork: Fork): BranchEnd[] | null => {
    const ends: BranchEnd[] = [];
    const open: { steps: Steps; index: number; at: number; given: unknown }[] = [];
    const add = (start: ReturnType<NonNullable<Fork['next']>> | undefined) => {
      if (!start) return;
      const index = Number(start.branch.repeat?.['index']);
      begun.push(index);
      open.push({ steps: start.steps, index, at: ends.push({ type: 'done' }) - 1, given: undefined });
      most = Math.max(most, open.length);
    };
    const step = (branch: (typeof open)[number]): boolean => {
      try {
        for (let next = branch.steps.next(branch.given); ; next = branch.steps.next(undefined)) {
          if (next.done) return true;
          if (next.value.type === 'note') {
            notes.push(next.value);
            continue;
          }
          branch.given = answer(next.value, branch.index);
          return false;
        }
      } catch (error) {
        if (!(error instanceof StepFailed)) ends[branch.at] = { type: 'unwound', by: error };
        else ends[branch.at] = { type: 'failed', error: error.error };
        return true;
      }
    };
    fork.branches.forEach(add);
    while (open.length > 0) {
      const turn = [...open];
      const ended = turn.filter((branch) => branch.given !== null && step(branch));
      if (ended.length === 0 && turn.every(({ given }) => given === null)) return null;
      for (const branch of ended) {
        open.splice(open.indexOf(branch), 1);
        add(fork.next?.());
      }
    }
    return ends;
  };

  let given: unknown;
  for (;;) {
    const next = steps.next(given);
    if (next.done) return { begun, most, progress, notes };
    given = undefined;
    if (next.value.type === 'note') notes.push(next.value);
    if (next.value.type === 'evaluate') given = { type: 'repeat', total: count, items: items(count) };
    if (next.value.type === 'fork') {
      const ends = forked(next.value);
      if (ends === null) return { begun, most, progress, notes };
      given = ends;
    }
  }
}

const done: Answer = () => ({ type: 'done' });
const failsAt =
  (...indexes: number[]): Answer =>
  ({ path }, index) =>
    indexes.includes(index)
      ? { type: 'failed', error: { code: 'http_status', message: `no ${index}`, path } }
      : done({} as never, 0);
const sets: Answer = (command, index) =>
  command.type === 'evaluate'
    ? { type: 'variables', variables: { kept: 1, [`of ${index}`]: index, last: index } }
    : done(command, index);

describe('a `for_each` with `parallel`', () => {
  it('begins iterations in the order of the items, a fixed number at a time', () => {
    const { begun, most, notes } = drive(loop({ parallel: 3 }), 7, done);
    expect({ begun, most }).toEqual({ begun: [0, 1, 2, 3, 4, 5, 6], most: 3 });
    expect(notes.at(-1)).toMatchObject({ path: 'actions[0]', status: 'success', result: { iterations: 7 } });
  });

  it('handles an empty list, and one of 10,000 items whose steps are all disabled', () => {
    expect(drive(loop({}), 0, done).notes.at(-1)).toMatchObject({ status: 'success', result: { iterations: 0 } });
    const off = loop({ parallel: 100, max_iterations: 10_000 }, [{ action: 'a.b', enabled: false }]);
    expect(drive(off, 10_000, done).begun).toHaveLength(10_000);
  });

  it('ends at max_iterations with a warning', () => {
    const { begun, notes } = drive(loop({ max_iterations: 3 }), 5, done);
    expect(begun).toEqual([0, 1, 2]);
    expect(notes.at(-1)?.result).toEqual({ iterations: 3, warning: 'Ended at max_iterations (3).' });
  });

  it('begins no iteration after a failure, completes the active ones, and fails with the error of the first item', () => {
    const seen: number[] = [];
    expect(() =>
      drive(loop({ parallel: 3 }), 9, (command, index) => (seen.push(index), failsAt(0, 1, 2)(command, index))),
    ).toThrow('no 0');
    expect(seen).toEqual([0, 1, 2]);
  });

  it('merges variables in the order of the items, whichever iteration ends last', () => {
    const slowFirst = loop({ parallel: 2 }, [{ variables: { x: 1 } }, { action: 'a.b', enabled: true }]);
    let pauses = 0;
    const answer: Answer = (command, index) => {
      if (command.type === 'perform' && index === 0 && (pauses += 1) < 3)
        return { type: 'handover', attempts: 1, delayMs: 0, timeoutMs: 1 };
      return sets(command, index);
    };
    const { progress } = drive(slowFirst, 4, answer);
    expect(progress.root.variables).toEqual({ kept: 1, 'of 0': 0, 'of 1': 1, 'of 2': 2, 'of 3': 3, last: 3 });
    expect(progress.snapshot()).toMatchObject({ positions: {}, finished: {}, waits: {} });
  });

  it('ends only its iteration at a false condition, and the run at a stop', () => {
    const until = loop({}, [{ condition: 'x' }, { action: 'a.b' }]);
    const performed: number[] = [];
    const holds: Answer = (command, index) => {
      if (command.type === 'evaluate') return { type: 'condition', holds: index !== 1, reason: 'not 1' };
      performed.push(index);
      return { type: 'done' };
    };
    expect(drive(until, 4, holds).begun).toEqual([0, 1, 2, 3]);
    expect(performed.toSorted()).toEqual([0, 2, 3]);
    expect(() => drive(loop({}, [{ stop: { reason: 'enough' } }]), 4, done)).toThrow(RunEnded);
  });

  it('continues in a new execution with its merged, ended and active iterations', () => {
    const sequence = [{ variables: { x: 1 } }, { action: 'a.b' }];
    const stuck: Answer = (command, index) =>
      command.type === 'perform' && (index === 1 || index >= 4) ? null : sets(command, index);
    const first = drive(loop({}, sequence), 8, stuck);
    expect(first.begun).toEqual([0, 1, 2, 3, 4]);
    const snapshot = JSON.parse(JSON.stringify(first.progress.snapshot())) as ReturnType<Progress['snapshot']>;
    expect(snapshot.positions).toMatchObject({ 'actions[0]': 1, 'actions[0].begun': 5 });
    expect(Object.keys(snapshot.finished)).toEqual(['actions[0].repeat[2]', 'actions[0].repeat[3]']);
    const commands: string[] = [];
    const second = drive(
      loop({}, sequence),
      8,
      (command, index) => (commands.push(`${command.type} ${index}`), sets(command, index)),
      new Progress({ kept: 1 }, snapshot),
    );
    expect(second.begun).toEqual([1, 4, 5, 6, 7]);
    expect(commands.slice(0, 2)).toEqual(['perform 1', 'perform 4']);
    expect(Object.keys(second.progress.root.variables).filter((name) => name.startsWith('of'))).toHaveLength(8);
    expect(second.progress.root.variables['last']).toBe(7);
  });

  it('begins no iteration in a new execution after a failure in an earlier one', () => {
    const answer: Answer = (command, index) => (index === 1 ? null : failsAt(0)(command, index));
    const first = drive(loop({}), 6, answer);
    const again = () => drive(loop({}), 6, done, new Progress({}, first.progress.snapshot()));
    expect(first.begun).toEqual([0, 1]);
    expect(again).toThrow('no 0');
  });
});
