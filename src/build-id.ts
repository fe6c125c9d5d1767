import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageVersion } from './package-version';
import { projectRoot } from './project-root';

/** File that `npm run build` writes. It contains the commit from which the program was built. */
export const COMMIT_FILE = join('dist', 'commit');

/**
 * Returns the identity of this build: package version and commit, such as `0.1.0+3f2a9c1b7d04`. Returns only the
 * version when the commit is unknown.
 */
export function buildIdOf(root: string = projectRoot()): string {
  const commit = commitOf(root);
  return commit === '' ? packageVersion() : `${packageVersion()}+${commit}`;
}

function commitOf(root: string): string {
  try {
    return readFileSync(join(root, COMMIT_FILE), 'utf8').trim();
  } catch {
    // The file is missing: the program runs from sources, or was built without it.
    return '';
  }
}
