import { LruCache } from './lru-cache';

it('drops the least recently used entry', () => {
  const cache = new LruCache<number>(2, 100);
  cache.set('a', 1);
  cache.set('b', 2);
  expect(cache.get('a')).toBe(1);
  cache.set('c', 3);
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3]);
});

it('limits the total weight and refuses entries that are too heavy', () => {
  const cache = new LruCache<number>(100, 20);
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) cache.set(key, 1, 5);
  cache.set('f', 2, 5);
  cache.set('heavy', 1, 6);
  expect(cache.size).toBe(4);
  expect([cache.get('b'), cache.get('f'), cache.get('heavy')]).toEqual([undefined, 2, undefined]);
});
