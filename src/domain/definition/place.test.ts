import fc from 'fast-check';
import { formatPlace, parsePlace } from './place';
import { fixSeed } from '../../../test/support/property-seed';

fixSeed();

describe('places', () => {
  it('are written as people write them', () => {
    expect(formatPlace(['actions', 0, 'choose', 1, 'sequence', 2, 'config', 'a key'])).toBe(
      'actions[0].choose[1].sequence[2].config["a key"]',
    );
    expect(formatPlace([])).toBe('');
  });

  it('are read back as they were', () => {
    const segments = fc.array(fc.oneof(fc.string(), fc.nat({ max: 999 })));
    fc.assert(fc.property(segments, (path) => expect(parsePlace(formatPlace(path))).toEqual(path)));
  });

  it.each(['a[', 'a[x]', 'a..b', '["x]'])('%s is none', (text) => {
    expect(parsePlace(text)).toBeUndefined();
  });
});
