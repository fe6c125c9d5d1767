import { cut, cutMiddle, renderTable } from './table';

const options = { colours: false, width: undefined };

describe('renderTable', () => {
  it('aligns columns under their names, without spaces at the end of lines', () => {
    const rows = [
      ['a', 'first'],
      ['longer', ''],
    ];
    expect(renderTable(['ID', 'NAME'], rows, options)).toBe('ID      NAME\na       first\nlonger');
  });

  it('cuts only the last column, and only on a terminal', () => {
    const rows = [['x'.repeat(30), 'y'.repeat(60)]];
    const lines = renderTable(['A', 'B'], rows, { colours: false, width: 60 }).split('\n');
    expect(lines[1]).toBe(`${'x'.repeat(30)}  ${'y'.repeat(27)}…`);
    expect(renderTable(['A', 'B'], rows, options)).toContain('y'.repeat(60));
  });

  it('shortens ids in the middle and instants on the left before the table becomes wider than the terminal', () => {
    const id = '01a22207-70b4-757e-80ae-49f5390a5986';
    const row = [id, 'waiting', '2026-11-28 12:00:43', 'a status of several words', 'the name of an automation'];
    const at = (width: number) =>
      renderTable(['ID', 'STATUS', 'STARTED', 'WHY', 'NAME'], [row], { colours: false, width }).split('\n')[1] ?? '';
    expect(at(130)).toContain(id);
    expect(at(110)).toBe(
      '01a22207-70b4-757e…390a5986  waiting  2026-11-28 12:00:43  a status of several words  the name of an automati…',
    );
    expect(at(80)).toMatch(/^01a22207…\w{4} {2}waiting {2}11-28 12:00:43 +a status .*… {2}the name of an …$/);
    for (const width of [60, 80, 100, 120]) expect([...at(width)].length).toBeLessThanOrEqual(width);
  });

  it('prints no control sequences from names', () => {
    expect(renderTable(['NAME'], [['evil\x1b]0;title\x07\nname']], options)).toBe('NAME\nevil]0;title name');
  });

  it('colours cells without affecting the alignment', () => {
    const cells = [[{ text: 'failed', tone: 'bad' as const }, 'x']];
    expect(renderTable(['STATUS', 'X'], cells, { colours: true, width: undefined })).toContain(
      '\x1b[31mfailed\x1b[0m  x',
    );
  });
});

describe('cutMiddle', () => {
  it('keeps both ends, which distinguish ids', () => {
    expect(cutMiddle('01a22207-70b4-757e-80ae-49f5390a5986', 13)).toBe('01a22207…5986');
    expect(cutMiddle('short', 13)).toBe('short');
    expect(cutMiddle('🔥'.repeat(20), 13)).toBe('🔥🔥🔥🔥…🔥🔥');
  });
});

describe('cut', () => {
  it('counts columns: wide characters occupy two', () => {
    expect(cut('🔥🔥🔥', 6)).toBe('🔥🔥🔥');
    expect(cut('🔥🔥🔥', 5)).toBe('🔥🔥…');
    expect(cut('größer', 6)).toBe('größer');
  });
});
