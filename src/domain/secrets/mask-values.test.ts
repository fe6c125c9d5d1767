import { createMask } from './mask-values';

const ODD = [
  'p"a\\s\ns w+ö€',
  '-----BEGIN KEY-----\nMIIabc/+=\n-----END KEY-----\n',
  'abcd',
  'abcdefgh',
  '  padded secret  ',
  '🔑🗝️x',
];

describe('a mask', () => {
  it.each(ODD.map((value) => [value]))('masks %j in the forms of common encoders', (value) => {
    const mask = createMask([value]);
    const forms = [
      value,
      value.trim(),
      JSON.stringify({ a: value }),
      JSON.stringify(JSON.stringify({ a: value })),
      JSON.stringify(value).replace(
        /[^\x20-\x7e]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      ),
      `https://x.example/?q=${encodeURIComponent(value)}`,
      encodeURIComponent(value).replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
      new URLSearchParams({ a: value }).toString(),
      ...['', 'u', 'us', 'user:'].flatMap((before) => [
        Buffer.from(`${before}${value}`).toString('base64'),
        Buffer.from(`${before}${value}`).toString('base64url'),
        Buffer.from(`${before}${value}:after`).toString('base64'),
      ]),
    ];
    const core = value.trim().slice(0, 4);
    for (const form of forms) {
      const masked = mask(`before ${form} after`);
      expect(masked).toContain('****');
      expect(masked).not.toContain(value);
      expect(masked).not.toContain(core);
      const decoded = [...masked.matchAll(/[A-Za-z0-9+/_=-]{4,}/g)].map(([part]) =>
        Buffer.from(part, 'base64').toString(),
      );
      expect(decoded.some((text) => text.includes(value.trim()))).toBe(false);
    }
  });

  it.each([
    ['Go and Rails', '{"t":"a\\u003cb\\u003e\\u0026c/d=e\\"f"}'],
    ['PHP', '{"t":"a<b>&c\\/d=e\\"f"}'],
    ['Gson', '{"t":"a\\u003cb\\u003e\\u0026c/d\\u003de\\"f"}'],
  ])('hides the JSON of %s', (_who, text) => {
    expect(createMask(['a<b>&c/d=e"f'])(text)).toBe('{"t":"****"}');
  });

  it('masks the beginning of a secret at the end of a text that was cut', () => {
    const mask = createMask(['hidden-value', 'hidden-value-and-more']);
    expect(mask('it was hidden-val…')).toBe('it was ****…');
    expect(mask('it was hidden-value-an…')).toBe('it was ****…');
    expect(mask('it was hid…')).toBe('it was hid…');
    expect(mask('it was hidden-val')).toBe('it was hidden-val');
  });

  it('treats overlapping values as one, the longest first', () => {
    const mask = createMask(['abcd', 'abcdefgh', 'efghijkl']);
    expect(mask('x abcdefghijkl y abcd z')).toBe('x **** y **** z');
  });

  it('does not change keys, other values, short secrets or texts without secrets', () => {
    expect(createMask(['key1', 'abc'])({ key1: 'key1', n: 12, list: ['abc', true, null] })).toEqual({
      key1: '****',
      n: 12,
      list: ['abc', true, null],
    });
  });

  it('masks numbers that look like a secret', () => {
    expect(createMask(['123456'])({ a: 123456, b: 91234567, c: 12345 })).toEqual({ a: '****', b: '****', c: 12345 });
  });

  it('counts how often it masked something', () => {
    let hits = 0;
    createMask(['secret'], (count) => (hits += count))(['secret secret', 'none', 'secret']);
    expect(hits).toBe(3);
  });

  it('leaves no value in random texts, and does not change texts without values', () => {
    let seed = 7;
    const random = (n: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % n;
    const text = (length: number) => Array.from({ length }, () => 'abc'[random(3)]).join('');
    for (let round = 0; round < 500; round += 1) {
      const values = Array.from({ length: 1 + random(3) }, () => text(4 + random(4)));
      const input = text(60);
      const masked = createMask(values)(input);
      for (const value of values) expect(masked).not.toContain(value);
      if (values.every((value) => !input.includes(value))) expect(masked).toBe(input);
    }
  });
});
