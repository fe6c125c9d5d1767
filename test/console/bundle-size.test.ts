import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { BUILD, describeConsole } from './console-harness';

const INITIAL_KB = 200;
const EDITOR_KB = 350;

describeConsole('the build of the console', () => {
  const assets = join(BUILD, 'assets');
  const sizeOf = (file: string) => gzipSync(readFileSync(join(assets, file))).length / 1_000;

  /** Returns a file and all files that it imports directly or indirectly, except dynamic imports. */
  const closure = (entry: string, found = new Set<string>()): Set<string> => {
    if (found.has(entry)) return found;
    found.add(entry);
    const text = readFileSync(join(assets, entry), 'utf8');
    for (const [, file = ''] of text.matchAll(/(?:import|from)\s*["']\.\/([\w.-]+\.js)["']/g)) closure(file, found);
    return found;
  };
  const total = (files: Iterable<string>) => [...files].reduce((sum, file) => sum + sizeOf(file), 0);

  it(`loads at most ${INITIAL_KB} kB of compressed script initially, and ${EDITOR_KB} kB more for the editor`, () => {
    const page = readFileSync(join(BUILD, 'index.html'), 'utf8');
    const linked = [...page.matchAll(/assets\/([\w.-]+\.js)/g)].map(([, file = '']) => file);
    const initial = new Set(linked.flatMap((file) => [...closure(file)]));
    expect(initial.size).toBeGreaterThan(0);
    expect(total(initial)).toBeLessThan(INITIAL_KB);
    const editor = readdirSync(assets).filter((file) => /^(code-editor|editor|local-validator)-.*\.js$/.test(file));
    const later = new Set(editor.flatMap((file) => [...closure(file)]).filter((file) => !initial.has(file)));
    expect(later.size).toBeGreaterThan(1);
    expect(total(later)).toBeLessThan(EDITOR_KB);
  });

  it('has no inline script or style, and loads nothing from other servers', () => {
    const page = readFileSync(join(BUILD, 'index.html'), 'utf8');
    expect(page).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>/);
    expect(page).not.toMatch(/<style|\sstyle=|https?:\/\//);
  });
});
