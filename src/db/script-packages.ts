import { and, desc, eq, lt, sql, type InferSelectModel } from 'drizzle-orm';
import type { Executor } from './executor';
import { scriptPackages } from './tables/connections';

/** A package on the allow-list, including its archive. */
export type ScriptPackageRow = InferSelectModel<typeof scriptPackages>;
/** The fields of a package that the API shows. */
export type ScriptPackageInfo = Omit<ScriptPackageRow, 'tarball'> & { bytes: number };

const info = {
  id: scriptPackages.id,
  name: scriptPackages.name,
  version: scriptPackages.version,
  sha256: scriptPackages.sha256,
  createdAt: scriptPackages.createdAt,
  bytes: sql<number>`octet_length(${scriptPackages.tarball})`.mapWith(Number),
};

/** Adds a package. Returns false when this version already exists. */
export async function insertScriptPackage(tx: Executor, row: ScriptPackageRow): Promise<boolean> {
  const added = await tx.insert(scriptPackages).values(row).onConflictDoNothing();
  return added.rowCount === 1;
}

/** Returns a package without its content, or null when no package has this id. */
export async function findScriptPackage(db: Executor, id: string): Promise<ScriptPackageInfo | null> {
  return (await db.select(info).from(scriptPackages).where(eq(scriptPackages.id, id)))[0] ?? null;
}

/** Returns packages from newest to oldest. `before` is the id of the last package on the previous page. */
export async function listScriptPackages(
  db: Executor,
  page: { limit: number; before: string | undefined },
): Promise<ScriptPackageInfo[]> {
  const where = page.before === undefined ? undefined : lt(scriptPackages.id, page.before);
  return db.select(info).from(scriptPackages).where(where).orderBy(desc(scriptPackages.id)).limit(page.limit);
}

/** Removes a package. Scripts that refer to it fail from then on. Returns false when the package does not exist. */
export async function deleteScriptPackage(tx: Executor, id: string): Promise<boolean> {
  return (await tx.delete(scriptPackages).where(eq(scriptPackages.id, id))).rowCount === 1;
}

/** A package that scripts may use. */
export interface AllowedPackage {
  id: string;
  /** Hexadecimal digest of the allowed archive. */
  sha256: string;
  /** Whether the stored archive still has this digest. */
  isIntact: boolean;
}

/**
 * Returns the given version of a package or, by default, the version that was added last. Returns null when the package
 * is not on the list.
 */
export async function findAllowedPackage(
  db: Executor,
  name: string,
  version: string | null,
): Promise<AllowedPackage | null> {
  const which = version === null ? undefined : eq(scriptPackages.version, version);
  const { id, sha256, tarball } = scriptPackages;
  const found = await db
    .select({ id, sha256, isIntact: sql<boolean>`encode(sha256(${tarball}), 'hex') = ${sha256}` })
    .from(scriptPackages)
    .where(and(eq(scriptPackages.name, name), which))
    .orderBy(desc(scriptPackages.id))
    .limit(1);
  return found[0] ?? null;
}

/** Returns the archive of a package, or null when it has been deleted. */
export async function readPackageArchive(db: Executor, id: string): Promise<Buffer | null> {
  const found = await db
    .select({ tarball: scriptPackages.tarball })
    .from(scriptPackages)
    .where(eq(scriptPackages.id, id))
    .limit(1);
  return found[0]?.tarball ?? null;
}
