import fc from 'fast-check';
import { formatPlace, parsePlace } from './place';
import { fixSeed } from '../../../test/support/property-seed';

fixSeed();

describe('paths', () => {
  it('are written in the usual notation', () => {
    expect(formatPlace(['actions', 0, 'choose', 1, 'sequence', 2, 'config', 'a key'])).toBe(
      'actions[0].choose[1].sequence[2].config["a key"]',
    );
    expect(formatPlace([])).toBe('');
  });

  it('are parsed back unchanged', () => {
    const segments = fc.array(fc.oneof(fc.string(), fc.nat({ max: 999 })));
    fc.assert(fc.property(segments, (path) => expect(parsePlace(formatPlace(path))).toEqual(path)));
  });

  it.each(['a[', 'a[x]', 'a..b', '["x]'])('%s is not a path', (text) => {
    expect(parsePlace(text)).toBeUndefined();
  });
});
