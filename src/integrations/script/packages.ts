import type { Executor } from '../../db/executor';
import { findAllowedPackage, readPackageArchive, type AllowedPackage } from '../../db/script-packages';
import { ProviderFailure } from '../provider-failure';

/** Maximum number of packages of one script. */
export const MAX_PACKAGES = 20;

/** npm's rules for package names, and the format of versions. */
export const PACKAGE_NAME = /^(@[a-z0-9-~][a-z0-9-._~]*\/)?[a-z0-9-~][a-z0-9-._~]*$/;
export const PACKAGE_VERSION = /^[0-9A-Za-z][0-9A-Za-z.+-]{0,99}$/;

/** The list of allowed packages. */
export interface PackageSource {
  /**
   * Returns a version of a package, or the most recently added version if `version` is null. Returns null when the
   * package is not allowed.
   */
  find(name: string, version: string | null): Promise<AllowedPackage | null>;
  /** Returns the archive of a package, or null if the package has been removed. */
  archive(id: string): Promise<Buffer | null>;
}

/** Creates the list of allowed packages that is stored in Postgres. */
export const createPackageSource = (db: Executor): PackageSource => ({
  find: (name, version) => findAllowedPackage(db, name, version),
  archive: (id) => readPackageArchive(db, id),
});

/** A source without packages. */
export const noPackages: PackageSource = { find: () => Promise.resolve(null), archive: () => Promise.resolve(null) };

/** Splits `name` or `name@version` into name and version. */
export function parsePackage(spec: string): { name: string; version: string | null } {
  const at = spec.lastIndexOf('@');
  return at > 0 ? { name: spec.slice(0, at), version: spec.slice(at + 1) } : { name: spec, version: null };
}

/**
 * Returns why a list of packages is refused, or null if it is accepted. A list may contain at most 20 packages, all
 * with different names.
 */
export function packagesProblem(specs: readonly string[]): string | null {
  if (specs.length > MAX_PACKAGES) return `at most ${MAX_PACKAGES} packages`;
  const names = specs.map((spec) => parsePackage(spec).name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? null : `"${twice}" is named twice`;
}

/** Returns the failure of a step whose packages cannot be used. */
export const packagesNotReady = (problems: readonly string[]): ProviderFailure =>
  new ProviderFailure('packages_not_ready', `Packages are not ready: ${problems.join('; ')}.`, { retryable: false });
