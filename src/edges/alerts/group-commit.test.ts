import { createGroupCommit } from './group-commit';

interface Item {
  key: string;
  group?: string;
  fails?: boolean;
}

/** Creates a group commit whose first transaction ends when `release` is called. */
function setUp(options: { maxTransactions?: number; maxItems?: number } = {}) {
  const commits: string[][] = [];
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const submit = createGroupCommit<Item, string>({
    async commit(items) {
      commits.push(items.map(({ key }) => key));
      if (commits.length === 1) await held;
      if (items.some(({ fails }) => fails)) throw new Error('refused');
      return items.map(({ key }) => `done ${key}`);
    },
    groupOf: ({ group = 'one' }) => group,
    keysOf: ({ key }) => [key],
    ...{ maxTransactions: 1, maxItems: 100, ...options },
  });
  return { commits, submit, release };
}

test('an item that arrives alone is committed immediately', async () => {
  const { commits, submit, release } = setUp();
  release();
  expect(await submit({ key: 'a' })).toBe('done a');
  expect(commits).toEqual([['a']]);
});

test('items that arrive during a transaction share the next one, and each gets its own result', async () => {
  const { commits, submit, release } = setUp();
  const results = ['a', 'b', 'c', 'd'].map((key) => submit({ key }));
  release();
  expect(await Promise.all(results)).toEqual(['done a', 'done b', 'done c', 'done d']);
  expect(commits).toEqual([['a'], ['b', 'c', 'd']]);
});

test('items with the same key are committed one after another, in order', async () => {
  const { commits, submit, release } = setUp();
  const results = ['a', 'b', 'b', 'c', 'b'].map((key) => submit({ key }));
  release();
  await Promise.all(results);
  expect(commits).toEqual([['a'], ['b', 'c'], ['b'], ['b']]);
});

test('an item waits for a transaction in progress that has its key, but items with other keys do not', async () => {
  const { commits, submit, release } = setUp({ maxTransactions: 2 });
  const results = ['a', 'a', 'b'].map((key) => submit({ key }));
  await results[2];
  expect(commits).toEqual([['a'], ['b']]);
  release();
  await Promise.all(results);
  expect(commits).toEqual([['a'], ['b'], ['a']]);
});

test('items of different groups do not share a transaction', async () => {
  const { commits, submit, release } = setUp();
  const results = [
    { key: 'a' },
    { key: 'b', group: 'two' },
    { key: 'c', group: 'three' },
    { key: 'd', group: 'two' },
  ].map(submit);
  release();
  await Promise.all(results);
  expect(commits).toEqual([['a'], ['b', 'd'], ['c']]);
});

test('an item that fails does not affect the others', async () => {
  const { commits, submit, release } = setUp();
  const results = [{ key: 'a' }, { key: 'b' }, { key: 'c', fails: true }, { key: 'd' }].map(submit);
  release();
  expect((await Promise.allSettled(results)).map(({ status }) => status)).toEqual([
    ...['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  ]);
  expect(commits).toEqual([['a'], ['b', 'c', 'd'], ['b'], ['c'], ['d']]);
});

test('a transaction has a maximum size, and several run concurrently', async () => {
  const { commits, submit, release } = setUp({ maxTransactions: 2, maxItems: 2 });
  const results = ['a', 'b', 'c', 'd', 'e'].map((key) => submit({ key }));
  release();
  await Promise.all(results);
  expect(commits).toEqual([['a'], ['b'], ['c', 'd'], ['e']]);
});
