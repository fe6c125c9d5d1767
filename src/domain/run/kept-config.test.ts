import { keptConfig } from './kept-config';

describe('the configuration that is stored with a step', () => {
  it('is the rendered one if it is small', () => {
    const config = { url: 'https://example.org', headers: { a: '1' }, list: [1, null, true], none: null };
    expect(keptConfig(config)).toEqual(config);
  });

  it('has long texts, lists and objects cut', () => {
    const list = Array.from({ length: 150 }, (_, n) => n);
    const { text, items, keys } = keptConfig({
      text: 'x'.repeat(2_000),
      items: list,
      keys: Object.fromEntries(list.map((n) => [`k${n}`, n])),
    });
    expect(text).toBe(`${'x'.repeat(999)}…`);
    expect(items).toHaveLength(101);
    expect((items as unknown[]).at(-1)).toBe('… 50 more');
    expect(Object.keys(keys as object)).toHaveLength(101);
  });

  it('omits fields that do not fit, and keeps smaller ones after them', () => {
    const kept = keptConfig({ big: Array.from({ length: 20 }, () => 'x'.repeat(900)), small: 'y' });
    expect(kept).toEqual({ big: { truncated: true, bytes: expect.any(Number) as number }, small: 'y' });
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`field ${n}`, 'x'.repeat(5_000)]));
    expect(Buffer.byteLength(JSON.stringify(keptConfig(many)))).toBeLessThan(16_000);
  });

  it('is cut at a maximum depth', () => {
    let deep: unknown = 'end';
    for (let level = 0; level < 10_000; level += 1) deep = { deep };
    expect(JSON.stringify(keptConfig({ deep })).length).toBeLessThan(200);
  });
});
