import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { UsageError } from '../usage-error';
import { listFiles } from './list-files';

describe('listFiles', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'list-files-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });
  const write = (...path: string[]) => {
    mkdirSync(join(root, ...path.slice(0, -1)), { recursive: true });
    writeFileSync(join(root, ...path), 'name: x\n');
  };
  const listed = (...targets: string[]) => listFiles(targets).map((file) => relative(root, file));

  it('lists each file of a mounted ConfigMap once', () => {
    write('..2026_11_28', 'a.yaml');
    write('..2026_11_28', 'b.yaml');
    symlinkSync('..2026_11_28', join(root, '..data'));
    symlinkSync('..data/a.yaml', join(root, 'a.yaml'));
    symlinkSync('..data/b.yaml', join(root, 'b.yaml'));
    expect(listed(root)).toEqual(['a.yaml', 'b.yaml']);
  });

  it('follows a git-sync link and skips its hidden directories', () => {
    write('.worktrees', 'abc', 'team', 'a.yaml');
    write('.worktrees', 'abc', '.git', 'hooks.yaml');
    symlinkSync('.worktrees/abc', join(root, 'current'));
    expect(listed(root)).toEqual(['current/team/a.yaml']);
    expect(listed(join(root, 'current'))).toEqual(['current/team/a.yaml']);
  });

  it('skips circular and dangling links', () => {
    write('a', 'one.yml');
    symlinkSync('..', join(root, 'a', 'up'));
    symlinkSync('self', join(root, 'self'));
    symlinkSync('nowhere.yaml', join(root, 'gone.yaml'));
    expect(listed(root)).toEqual(['a/one.yml']);
  });

  it('lists a file once even if it is named twice, and a hidden file if it is named', () => {
    write('.hidden.yaml');
    write('a.json');
    expect(listed(join(root, 'a.json'), root, join(root, '.hidden.yaml'))).toEqual(['a.json', '.hidden.yaml']);
  });

  it('skips node_modules and other extensions', () => {
    write('node_modules', 'x', 'a.yaml');
    write('notes.md');
    expect(listed(root)).toEqual([]);
  });

  it('returns relative paths below the working directory', () => {
    expect(listFiles([join(process.cwd(), 'examples', 'automations')])[0]).toMatch(/^examples\/automations\//);
  });

  it('reports an argument that cannot be read', () => {
    expect(() => listFiles([join(root, 'missing')])).toThrow(UsageError);
  });
});
