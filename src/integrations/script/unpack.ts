import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import { extract, type Header } from 'tar-stream';

/** Maximum size in bytes of a packed archive. */
export const MAX_PACKED_BYTES = 8 * 1_048_576;
const MAX_UNPACKED_BYTES = 64 * 1_048_576;
const MAX_ENTRIES = 10_000;
/**
 * Maximum length in bytes of a path and of each name in it, and maximum number of names in a path. Every file system
 * supports these.
 */
const MAX_PATH_BYTES = 512;
const MAX_NAME_BYTES = 255;
const MAX_DEPTH = 32;

/** Thrown when an archive is refused. The message states the reason. */
export class UnsafeArchive extends Error {
  override readonly name = 'UnsafeArchive';
}

/** A file in an archive, with its path relative to the package. */
export interface PackedFile {
  path: string;
  content: Buffer;
}

const inflate = promisify(gunzip);

/**
 * Returns the files of a gzipped tar archive in the format of `npm pack`, without their first directory. Does not write
 * to disk.
 * @throws {UnsafeArchive} for absolute paths, `..`, links, devices, exceeded limits, and input that is not such an
 * archive
 */
export async function readArchive(tarball: Buffer): Promise<PackedFile[]> {
  if (tarball.length > MAX_PACKED_BYTES) throw new UnsafeArchive(`larger than ${MAX_PACKED_BYTES} bytes`);
  let tar: Buffer;
  try {
    tar = await inflate(tarball, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (error) {
    const isLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new UnsafeArchive(isLarge ? `larger than ${MAX_UNPACKED_BYTES} bytes unpacked` : 'not a gzip archive');
  }
  const files: PackedFile[] = [];
  const reader = extract();
  reader.end(tar);
  try {
    let entries = 0;
    for await (const entry of reader) {
      if ((entries += 1) > MAX_ENTRIES) throw new UnsafeArchive(`more than ${MAX_ENTRIES} entries`);
      const path = safePath(entry.header);
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      if (path !== null) files.push({ path, content: Buffer.concat(chunks) });
    }
  } catch (error) {
    if (error instanceof UnsafeArchive) throw error;
    throw new UnsafeArchive('not a tar archive');
  }
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path)));
  const both = files.find(({ path }) => folders.has(path));
  if (both !== undefined) throw new UnsafeArchive(`"${both.path}" is a file and a folder`);
  if (!files.some(({ path }) => path === 'package.json')) throw new UnsafeArchive('no package.json in its folder');
  return files;
}

/** Returns the directories above a path: `a` and `a/b` for `a/b/c`. */
function foldersOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/**
 * Returns the path of a file relative to the top directory of the archive, or null for a directory and for a file that
 * is not in the top directory.
 * @throws {UnsafeArchive} when the entry is a link or device, or its path is absolute, too long or contains `..`
 */
function safePath({ name, type }: Header): string | null {
  if (type !== 'file' && type !== 'directory')
    throw new UnsafeArchive(`"${name}" is a ${type ?? 'file of unknown type'}`);
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (/^([A-Za-z]:)?[/\\]/.test(name)) throw new UnsafeArchive(`"${name}" is absolute`);
  if (parts.includes('..') || /[\\\0]/.test(name)) throw new UnsafeArchive(`"${name}" leads out of the package`);
  const isLong = Buffer.byteLength(name) > MAX_PATH_BYTES || parts.length > MAX_DEPTH;
  if (isLong || parts.some((part) => Buffer.byteLength(part) > MAX_NAME_BYTES)) {
    throw new UnsafeArchive(`"${name.slice(0, 100)}…" is too long a path`);
  }
  return type === 'directory' || parts.length < 2 ? null : parts.slice(1).join('/');
}

/** Writes the files of a package into a directory. Any user who can reach the directory can read them. */
export async function unpackInto(folder: string, files: readonly PackedFile[]): Promise<void> {
  for (const { path, content } of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await writeFile(target, content, { mode: 0o644 });
  }
}
