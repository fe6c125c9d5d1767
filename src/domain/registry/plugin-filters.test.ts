import { evaluate } from '../expressions/evaluate';
import { parseExpression } from '../expressions/parse';
import { createPluginFilters } from './plugin-filters';

describe('filters of plugins', () => {
  it('can be used together with the built-in ones', () => {
    const shout = { description: 'Louder', apply: (input: unknown) => `${String(input)}!` };
    const filters = createPluginFilters([{ filters: { shout } }, {}], fail);
    expect(evaluate(parseExpression('"a" | upper | shout'), {}, { filters })).toBe('A!');
    expect(filters.list()).toContainEqual({ name: 'shout', description: 'Louder', builtIn: false });
  });

  it('are skipped with a warning if the name is taken or invalid', () => {
    const warnings: string[] = [];
    const mine = { description: 'Mine', apply: () => 'mine' };
    const plugins = [{ filters: { upper: mine, twice: mine, 'no name': mine } }, { filters: { twice: mine } }];
    const filters = createPluginFilters(plugins, (message) => warnings.push(message));
    expect(warnings).toEqual([
      'The filter "upper" was skipped: it already exists as a built-in',
      'The filter "no name" was skipped: it is not a name',
      'The filter "twice" was skipped: it already exists',
    ]);
    expect(evaluate(parseExpression('"a" | upper'), {}, { filters })).toBe('A');
  });
});

function fail(message: string): never {
  throw new Error(message);
}
