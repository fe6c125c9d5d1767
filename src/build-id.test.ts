import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIdOf, COMMIT_FILE } from './build-id';
import { packageVersion } from './package-version';

it('consists of version and commit, or only of the version', () => {
  const root = mkdtempSync(join(tmpdir(), 'fermata-build-id-'));
  try {
    expect(buildIdOf(root)).toBe(packageVersion());
    mkdirSync(join(root, 'dist'));
    writeFileSync(join(root, COMMIT_FILE), '3f2a9c1b7d04\n');
    expect(buildIdOf(root)).toBe(`${packageVersion()}+3f2a9c1b7d04`);
  } finally {
    rmSync(root, { recursive: true });
  }
});
