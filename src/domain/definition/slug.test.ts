import { freeSlug, slugOf } from './slug';

const ID = '01a21f80-b4dc-7000-8000-00000000abcd';

describe('slugs', () => {
  it.each([
    ['Page until acknowledged', 'page-until-acknowledged'],
    ['  Disk > 90 %: /var/log  ', 'disk-90-var-log'],
    ['Überlast Café', 'uberlast-cafe'],
    ['监控', 'automation-01a21f80'],
    ['!!!', 'automation-01a21f80'],
    ['Fermata housekeeping fermata', 'automation-fermata-housekeeping-fermata'],
  ])('are made from the name %j', (name, slug) => {
    expect(slugOf(name, ID)).toBe(slug);
  });

  it('are at most 60 characters long and never end with a hyphen', () => {
    expect(slugOf(`${'a'.repeat(59)} b c`, ID)).toBe('a'.repeat(59));
  });

  it('get the first free suffix if they are taken', () => {
    expect(freeSlug('page', new Set())).toBe('page');
    expect(freeSlug('page', new Set(['page']))).toBe('page-2');
    expect(freeSlug('page', new Set(['page', 'page-2', 'page-4']))).toBe('page-3');
  });
});
