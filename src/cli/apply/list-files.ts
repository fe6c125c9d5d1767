import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, relative } from 'node:path';
import { fileProblem } from '../read-text-file';
import { UsageError } from '../usage-error';

const DOCUMENT = /\.(ya?ml|json)$/;

/**
 * Lists files. An argument that is a file is listed regardless of its name. Directories are searched recursively for
 * `.yaml`, `.yml` and `.json` files; names that start with "." (`..data`, `.git`) and `node_modules` are skipped. Links
 * are followed, so that mounted ConfigMaps and git-sync worktrees can be used. Each real file is listed once, and the
 * search stops at link loops. Paths below the working directory are returned relative to it.
 * @throws {UsageError} when an argument cannot be read
 */
export function listFiles(targets: readonly string[]): string[] {
  const seen = new Set<string>();
  return targets.flatMap((target) => {
    try {
      return isDirectory(target) ? filesBelow(target, seen) : [target].filter((file) => isNew(file, seen)).map(short);
    } catch (error) {
      throw new UsageError(`${target} cannot be read: ${fileProblem(error)}`);
    }
  });
}

function filesBelow(directory: string, seen: Set<string>): string[] {
  if (!isNew(directory, seen)) return [];
  const entries = readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    if (isSkipped(entry)) return [];
    if (entry.isSymbolicLink() && !exists(path)) return [];
    if (isDirectory(path)) return filesBelow(path, seen);
    return DOCUMENT.test(entry.name) && isNew(path, seen) ? [short(path)] : [];
  });
}

const isSkipped = ({ name }: Dirent): boolean => name.startsWith('.') || basename(name) === 'node_modules';

const isDirectory = (path: string): boolean => statSync(path).isDirectory();

/** Returns whether the target of a link exists. Dangling links and loops have no target. */
function exists(path: string): boolean {
  try {
    realpathSync(path);
    return true;
  } catch {
    return false;
  }
}

function isNew(path: string, seen: Set<string>): boolean {
  const real = realpathSync(path);
  if (seen.has(real)) return false;
  seen.add(real);
  return true;
}

/** Returns a path as a user in the working directory would type it. */
function short(path: string): string {
  if (!isAbsolute(path)) return path;
  const below = relative(process.cwd(), path);
  return below === '' || below.startsWith('..') || isAbsolute(below) ? path : below;
}
