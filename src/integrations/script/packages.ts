import type { Executor } from '../../db/executor';
import { openScriptPackage } from '../../db/script-packages';
import { messageOf } from '../../domain/errors';
import { ProviderFailure } from '../provider-failure';
import { readArchive, sha256, UnsafeArchive, type PackedFile } from './unpack';

/** A package that a script asked for, checked and in memory. */
export interface ReadyPackage {
  name: string;
  files: readonly PackedFile[];
}

/** Gives the packages that a script names, `name` or `name@version`. */
export type PackageSource = (wanted: readonly string[]) => Promise<ReadyPackage[]>;

/** What npm allows in a name, and what versions look like. */
export const PACKAGE_NAME = /^(@[a-z0-9-~][a-z0-9-._~]*\/)?[a-z0-9-~][a-z0-9-._~]*$/;
export const PACKAGE_VERSION = /^[0-9A-Za-z][0-9A-Za-z.+-]{0,99}$/;

/** From the allow-list in Postgres. The digest is checked each time, before anything is unpacked. */
export function createPackageSource(db: Executor): PackageSource {
  return async (wanted) => {
    const ready = await Promise.all(wanted.map((spec) => open(db, spec)));
    const problems = ready.flatMap((one) => (typeof one === 'string' ? [one] : []));
    if (problems.length > 0) throw notReady(problems);
    return ready.filter((one) => typeof one !== 'string');
  };
}

/** Where there is no allow-list, nothing is on it. */
export const noPackages: PackageSource = (wanted) => {
  if (wanted.length === 0) return Promise.resolve([]);
  return Promise.reject(notReady(wanted.map((spec) => `${spec} is not on the allow-list`)));
};

const notReady = (problems: readonly string[]) =>
  new ProviderFailure('packages_not_ready', `Packages are not ready: ${problems.join('; ')}.`, { retryable: false });

/** The package, or what is wrong with it. */
async function open(db: Executor, spec: string): Promise<ReadyPackage | string> {
  const at = spec.lastIndexOf('@');
  const [name, version] = at > 0 ? [spec.slice(0, at), spec.slice(at + 1)] : [spec, null];
  const row = await openScriptPackage(db, name, version);
  if (row === null) return `${spec} is not on the allow-list`;
  if (sha256(row.tarball) !== row.sha256) return `${spec} is not what was allowed (sha256 differs)`;
  try {
    return { name, files: await readArchive(row.tarball) };
  } catch (error) {
    if (error instanceof UnsafeArchive) return `${spec}: ${messageOf(error)}`;
    throw error;
  }
}
