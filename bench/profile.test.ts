import { reportOf } from './profile';

test('a report lists the self time of each function, without idle time', () => {
  const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 4 });
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('(idle)') },
      { id: 2, callFrame: frame('route', 'file:///app/dist/src/engine/route.js') },
      { id: 3, callFrame: frame('', 'file:///app/node_modules/pg/index.js') },
    ],
    samples: [1, 2, 3, 2],
    timeDeltas: [5_000, 2_000, 1_000, 1_000],
  };
  expect(reportOf('worker', JSON.stringify(profile)).split('\n')).toEqual([
    'worker: 4 ms busy, 5 ms idle',
    '         3 ms   75.0 %  route  dist/src/engine/route.js:5',
    '         1 ms   25.0 %  (anonymous)  node_modules/pg/index.js:5',
  ]);
});
