import type { Executor } from '../../db/executor';
import { findAllowedPackage, readPackageArchive, type AllowedPackage } from '../../db/script-packages';
import { ProviderFailure } from '../provider-failure';

/** Maximum number of packages of one script. */
export const MAX_PACKAGES = 20;

/** npm's rule for names, and the form of versions. */
export const PACKAGE_NAME = /^(@[a-z0-9-~][a-z0-9-._~]*\/)?[a-z0-9-~][a-z0-9-._~]*$/;
export const PACKAGE_VERSION = /^[0-9A-Za-z][0-9A-Za-z.+-]{0,99}$/;

/** The list of allowed packages. */
export interface PackageSource {
  /** Returns a version of a package; for `null`, the version added last. Returns null when it is not allowed. */
  find(name: string, version: string | null): Promise<AllowedPackage | null>;
  /** Returns the archive of a package; null = it was removed. */
  archive(id: string): Promise<Buffer | null>;
}

/** Creates the allow-list in Postgres. */
export const createPackageSource = (db: Executor): PackageSource => ({
  find: (name, version) => findAllowedPackage(db, name, version),
  archive: (id) => readPackageArchive(db, id),
});

/** An empty allow-list. */
export const noPackages: PackageSource = { find: () => Promise.resolve(null), archive: () => Promise.resolve(null) };

/** Returns the name and version of `name` or `name@version`. */
export function parsePackage(spec: string): { name: string; version: string | null } {
  const at = spec.lastIndexOf('@');
  return at > 0 ? { name: spec.slice(0, at), version: spec.slice(at + 1) } : { name: spec, version: null };
}

/** Returns the reason why a list of packages is refused, or null. A name may appear once, and a list has at most 20. */
export function packagesProblem(specs: readonly string[]): string | null {
  if (specs.length > MAX_PACKAGES) return `at most ${MAX_PACKAGES} packages`;
  const names = specs.map((spec) => parsePackage(spec).name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? null : `"${twice}" is named twice`;
}

/** Returns the failure of a step whose packages cannot be used. */
export const packagesNotReady = (problems: readonly string[]): ProviderFailure =>
  new ProviderFailure('packages_not_ready', `Packages are not ready: ${problems.join('; ')}.`, { retryable: false });
