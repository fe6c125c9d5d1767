import { inLanes } from './in-lanes';

it('processes every item once, a fixed number at a time', async () => {
  const seen: number[] = [];
  let active = 0;
  let most = 0;
  await inLanes([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    active += 1;
    most = Math.max(most, active);
    await new Promise((resolve) => setTimeout(resolve, 1));
    seen.push(item);
    active -= 1;
  });
  expect(seen.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(most).toBe(3);
});

it('throws the first error after all items have been processed', async () => {
  const ended: number[] = [];
  const work = inLanes([1, 2, 3, 4], 2, async (item) => {
    if (item === 1) throw new Error('one');
    await new Promise((resolve) => setTimeout(resolve, 5));
    ended.push(item);
  });
  await expect(work).rejects.toThrow('one');
  expect(ended).toEqual([2, 3, 4]);
});
