import type { StopNode } from '../../domain/run/plan';
import { fakeExecution } from '../../../test/support/fake-workflow';
import { RunState } from './run-state';

jest.mock(
  '@temporalio/workflow',
  () => jest.requireActual<{ fakeWorkflowModule: object }>('../../../test/support/fake-workflow').fakeWorkflowModule,
);

const node: StopNode = {
  ...{ kind: 'stop', reason: 'enough', error: false, id: 'end', label: 'stop · end' },
  ...{ enabled: true, continueOnError: false },
};
const note = (state: RunState, path: string, more: { persist?: boolean; isWritten?: boolean } = {}) =>
  state.note({ type: 'note', node, path, status: 'running', persist: more.persist ?? true }, more.isWritten ?? false);
const paths = (state: RunState) => state.takeNotes().map(({ path }) => path);

describe('the state of a run', () => {
  it('keeps notes in order, except those that an activity is writing or has written', () => {
    fakeExecution({});
    const state = new RunState('run', {}, {});
    note(state, 'a');
    note(state, 'b', { persist: false });
    note(state, 'c', { isWritten: true });
    note(state, 'd');
    expect(state.takeNotes()).toEqual([
      { path: 'a', actionId: 'end', kind: 'stop', status: 'running', action: null },
      { path: 'd', actionId: 'end', kind: 'stop', status: 'running', action: null },
    ]);
    expect(state.hasNotes()).toBe(false);
  });

  it('puts the notes of a failed activity before later ones', () => {
    fakeExecution({});
    const state = new RunState('run', {}, {});
    note(state, 'a');
    const taken = state.takeNotes();
    note(state, 'b');
    state.keepNotes(taken);
    expect(paths(state)).toEqual(['a', 'b']);
  });

  it('also passes an activity the notes that are being written', () => {
    fakeExecution({});
    const state = new RunState('run', {}, {});
    note(state, 'a');
    expect(state.beginWriting()).toHaveLength(1);
    note(state, 'b');
    expect(paths(state)).toEqual(['a', 'b']);
    expect(paths(state)).toEqual(['a']);
    state.endWriting();
    expect(paths(state)).toEqual([]);
  });

  it('passes the next execution everything that its steps read', () => {
    const execution = fakeExecution({});
    const state = new RunState('run', { x: 1 }, {});
    note(state, 'actions[0]');
    state.progress.reach('actions', 3);
    state.progress.root.wait = 'actions[1]';
    state.failed = { error: { code: 'timeout', message: 'late' } };
    const resume = state.snapshot();
    const next = new RunState('run', {}, { resume });
    const { root } = next.progress;
    expect([next.progress.position('actions'), next.failed]).toEqual([3, state.failed]);
    expect(next.stepInput(root)).toMatchObject({
      ...{ runId: 'run', variables: { x: 1 }, repeat: null, wait: 'actions[1]' },
      ...{ error: { code: 'timeout' }, journal: [{ path: 'actions[0]' }] },
    });
    note(next, 'actions[2]');
    expect(execution.details().split('\n')).toHaveLength(2);
  });

  it('includes notes and variables in the size of an input, even notes that are being written', () => {
    fakeExecution({});
    const state = new RunState('run', { x: 1 }, {});
    const { root } = state.progress;
    const before = state.inputBytes(root);
    note(state, 'a');
    const noted = state.inputBytes(root);
    state.beginWriting();
    expect([noted > before, state.inputBytes(root)]).toEqual([true, noted]);
    root.variables = { x: 'x'.repeat(1_000) };
    expect(state.inputBytes(root) - noted).toBeGreaterThan(990);
    expect(state.snapshotBytes()).toBeGreaterThan(1_000);
  });

  it('is long from 8,000 events, or if Temporal suggests to continue as new', () => {
    const { info } = fakeExecution({});
    const state = new RunState('run', {}, {});
    const isLongAt = (events: number) => {
      info.historyLength = events;
      return state.isLong();
    };
    expect([isLongAt(7_999), isLongAt(8_000)]).toEqual([false, true]);
    info.historyLength = 1;
    info.continueAsNewSuggested = true;
    expect(state.isLong()).toBe(true);
  });
});
