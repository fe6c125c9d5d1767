import { cut, renderTable } from './table';

const options = { colours: false, width: undefined };

describe('renderTable', () => {
  it('aligns columns under their names, without spaces at the end of lines', () => {
    const rows = [
      ['a', 'first'],
      ['longer', ''],
    ];
    expect(renderTable(['ID', 'NAME'], rows, options)).toBe('ID      NAME\na       first\nlonger');
  });

  it('cuts the last column only, and only on a terminal', () => {
    const rows = [['x'.repeat(30), 'y'.repeat(60)]];
    const lines = renderTable(['A', 'B'], rows, { colours: false, width: 60 }).split('\n');
    expect(lines[1]).toBe(`${'x'.repeat(30)}  ${'y'.repeat(27)}…`);
    expect(renderTable(['A', 'B'], rows, options)).toContain('y'.repeat(60));
  });

  it('lets no control sequence of a name reach the terminal', () => {
    expect(renderTable(['NAME'], [['evil\x1b]0;title\x07\nname']], options)).toBe('NAME\nevil]0;title name');
  });

  it('colours cells without disturbing the alignment', () => {
    const cells = [[{ text: 'failed', tone: 'bad' as const }, 'x']];
    expect(renderTable(['STATUS', 'X'], cells, { colours: true, width: undefined })).toContain(
      '\x1b[31mfailed\x1b[0m  x',
    );
  });
});

describe('cut', () => {
  it('counts columns: wide characters take two', () => {
    expect(cut('🔥🔥🔥', 6)).toBe('🔥🔥🔥');
    expect(cut('🔥🔥🔥', 5)).toBe('🔥🔥…');
    expect(cut('größer', 6)).toBe('größer');
  });
});
