import { Definition } from '../definition/schema';
import { branchesAround, hasLanes, isInBranch, iterationsOf, lanesAround, loopAt } from './lanes';

const documentOf = (repeat: object) =>
  Definition.parse({
    ...{ name: 'loop', triggers: [{ id: 'event', event: 'automation.event' }] },
    actions: [{ repeat: { sequence: [{ repeat: { count: 2, sequence: [{ delay: '1m' }] } }], ...repeat } }],
  });
const parallel = documentOf({ for_each: '[1, 2]', parallel: 2 });
const serial = documentOf({ for_each: '[1, 2]' });
const step = 'actions[0].repeat[1].sequence[0].repeat[3].sequence[0]';

it('finds the iterations of loops with `parallel` around a step, and no others', () => {
  expect(lanesAround(parallel, step)).toEqual(['actions[0].repeat[1]']);
  expect(lanesAround(serial, step)).toEqual([]);
  expect([isInBranch(parallel, step), isInBranch(serial, step), isInBranch(parallel, 'actions[0]')]).toEqual([
    ...[true, false, false],
  ]);
  expect([hasLanes(parallel), hasLanes(serial)]).toEqual([true, false]);
  expect(loopAt(parallel, 'actions[0].repeat[7]')).toMatchObject({ parallel: 2 });
  expect(loopAt(parallel, 'actions[0]')).toBeUndefined();
});

it('finds the branches and lanes around a step', () => {
  expect(branchesAround(parallel, step)).toEqual(['actions[0].repeat[1]']);
  expect(branchesAround(serial, step)).toEqual([]);
  const inner = 'actions[0].parallel[2].sequence[0].parallel[1]';
  expect(branchesAround(serial, inner)).toEqual(['actions[0].parallel[2]', inner]);
});

it('reads the numbers of iterations, outermost first', () => {
  expect(iterationsOf(step)).toEqual([1, 3]);
});
