import { copyFile, cp, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createSharedDirectory } from './private-directory';

/** Files that all scripts of a process share, in a directory that the script user can read. */
export interface RuntimeFiles {
  /** Returns the path of the directory. */
  root(): Promise<string>;
  /** Returns the path of Amaro, which removes types from TypeScript. */
  amaro(): Promise<string>;
  /** Returns the directory of Undici, the HTTP client with proxy support. */
  undici(): Promise<string>;
  close(): Promise<void>;
}

/**
 * Creates the files on first use. They are copies, because the installation directory may be readable only by the
 * service user.
 */
export function createRuntimeFiles(): RuntimeFiles {
  const root = once(createSharedDirectory);
  return {
    root,
    amaro: once(async () => {
      const target = join(await root(), 'amaro.cjs');
      await copyFile(require.resolve('amaro'), target);
      return target;
    }),
    undici: once(async () => {
      const target = join(await root(), 'undici');
      const source = dirname(require.resolve('undici/package.json'));
      await mkdir(target, { recursive: true });
      for (const part of ['index.js', 'package.json', 'lib'])
        await cp(join(source, part), join(target, part), { recursive: true });
      return target;
    }),
    async close() {
      if (root.isUsed()) await rm(await root(), { recursive: true, force: true });
    },
  };
}

function once<T>(make: () => Promise<T>): (() => Promise<T>) & { isUsed(): boolean } {
  let made: Promise<T> | undefined;
  return Object.assign(() => (made ??= make()), { isUsed: () => made !== undefined });
}
