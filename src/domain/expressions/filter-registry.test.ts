import { checkFilters, createFilterRegistry } from './filter-registry';
import { parseExpression } from './parse';

it('adds a filter once, and skips a filter whose name is taken or invalid, with a warning', () => {
  const warnings: string[] = [];
  const registry = createFilterRegistry((message) => warnings.push(message));
  const first = (): number => 1;
  expect(registry.registerFilter('mine', first, 'One')).toBe(true);
  expect(registry.registerFilter('mine', () => 2, 'Two')).toBe(false);
  expect(registry.registerFilter('upper', () => 3, 'Three')).toBe(false);
  expect(registry.registerFilter('not-a-name', () => 4, 'Four')).toBe(false);
  expect(registry.get('mine')).toBe(first);
  expect(warnings).toEqual([
    'The filter "mine" was skipped: it already exists',
    'The filter "upper" was skipped: it already exists as a built-in',
    'The filter "not-a-name" was skipped: it is not a name',
  ]);
});

it('lists all filters by name with their descriptions', () => {
  const registry = createFilterRegistry();
  registry.registerFilter('zz', () => 1, 'Last');
  const list = registry.list();
  expect(list.at(-1)).toEqual({ name: 'zz', description: 'Last', builtIn: false });
  expect(list.filter(({ builtIn, description }) => builtIn && description !== '')).toHaveLength(list.length - 1);
});

it('checkFilters finds every unknown filter with its place and the nearest name', () => {
  const errors = checkFilters(parseExpression('(a | defualt(b | hour)) == [x | upper | zzzzzz]'));
  expect(errors.map(({ problem, column }) => [problem, column])).toEqual([
    ['Unknown filter "hour". Did you mean "hours"?', 18],
    ['Unknown filter "defualt". Did you mean "default"?', 6],
    ['Unknown filter "zzzzzz"', 41],
  ]);
  expect(checkFilters(parseExpression('a | upper'))).toEqual([]);
});
