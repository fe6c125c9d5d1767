import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../domain/sha256';
import { messageOf } from '../../domain/errors';
import { packagesNotReady, packagesProblem, parsePackage, type PackageSource } from './packages';
import { readArchive, UnsafeArchive, unpackInto } from './unpack';

/** Maximum unpacked size in bytes of all packages of one script. */
export const MAX_PACKAGE_BYTES = 256 * 1_048_576;

/** A package that has been unpacked to disk. */
export interface ReadyPackage {
  name: string;
  /**
   * Directory with the files of the package. Several scripts may read it at the same time, and none may write to it.
   */
  directory: string;
}

/**
 * Returns the packages that a script names.
 * @throws {ProviderFailure} packages_not_ready when a package is not allowed, was changed or cannot be unpacked, when
 * there are too many packages or two with the same name, or when their total size exceeds MAX_PACKAGE_BYTES
 */
export type PackageCache = (specs: readonly string[]) => Promise<ReadyPackage[]>;

interface Unpacked {
  directory: string;
  bytes: number;
}

/**
 * Creates a cache of allowed packages. Each is unpacked once, into a directory named after its digest. Every use
 * compares the digest with that of the stored archive. Archives are unpacked one at a time, because each must fit into
 * memory.
 */
export function createPackageCache(source: PackageSource, directory: () => Promise<string>): PackageCache {
  const unpacked = new Map<string, Promise<Unpacked>>();
  let last: Promise<unknown> = Promise.resolve();

  function unpackOnce(id: string, digest: string): Promise<Unpacked> {
    const known = unpacked.get(digest);
    if (known !== undefined) return known;
    const turn = last.then(() => unpack(source, { id, digest }, directory));
    last = turn.catch(() => undefined);
    unpacked.set(digest, turn);
    turn.catch(() => unpacked.delete(digest));
    return turn;
  }

  async function open(spec: string): Promise<(ReadyPackage & { bytes: number }) | string> {
    const { name, version } = parsePackage(spec);
    const row = await source.find(name, version);
    if (row === null) return `${spec} is not on the allow-list`;
    if (!row.isIntact) return `${spec} is not what was allowed (sha256 differs)`;
    try {
      return { name, ...(await unpackOnce(row.id, row.sha256)) };
    } catch (error) {
      if (error instanceof UnsafeArchive) return `${spec}: ${messageOf(error)}`;
      throw error;
    }
  }

  return async (specs) => {
    const problem = packagesProblem(specs);
    if (problem !== null) throw packagesNotReady([problem]);
    const opened = await Promise.all(specs.map(open));
    const problems = opened.filter((one) => typeof one === 'string');
    if (problems.length > 0) throw packagesNotReady(problems);
    const ready = opened.filter((one) => typeof one !== 'string');
    const bytes = ready.reduce((sum, one) => sum + one.bytes, 0);
    if (bytes > MAX_PACKAGE_BYTES) {
      throw packagesNotReady([`in total they have ${bytes} bytes unpacked; at most ${MAX_PACKAGE_BYTES} are allowed`]);
    }
    return ready.map(({ name, directory: folder }) => ({ name, directory: folder }));
  };
}

async function unpack(
  source: PackageSource,
  { id, digest }: { id: string; digest: string },
  directory: () => Promise<string>,
): Promise<Unpacked> {
  const tarball = await source.archive(id);
  if (tarball === null || sha256(tarball) !== digest) throw new UnsafeArchive('it has changed');
  const files = await readArchive(tarball);
  const folder = join(await directory(), 'packages');
  const target = join(folder, digest);
  await mkdir(folder, { recursive: true });
  await rm(`${target}.part`, { recursive: true, force: true });
  await unpackInto(`${target}.part`, files);
  // The directory gets its final name only when it is complete.
  await rename(`${target}.part`, target);
  return { directory: target, bytes: files.reduce((sum, { content }) => sum + content.length, 0) };
}
