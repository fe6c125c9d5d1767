import { z } from 'zod';
import { sha256 } from '../../domain/sha256';
import type { Executor } from '../../db/executor';
import {
  deleteScriptPackage,
  findScriptPackage,
  insertScriptPackage,
  listScriptPackages,
  type ScriptPackageInfo,
} from '../../db/script-packages';
import type { Clock, Ids } from '../../domain/clock';
import { FermataError } from '../../domain/errors';
import { PACKAGE_NAME, PACKAGE_VERSION } from '../../integrations/script/packages';
import { MAX_PACKED_BYTES, readArchive, UnsafeArchive, type PackedFile } from '../../integrations/script/unpack';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { IdParams, notFound, Timestamp, uuidOrNotFound } from '../http/values';

const TAG = 'Scripts';
const NOT_FOUND = { 404: { description: 'Package not found' } };

const Body = z.strictObject({
  name: z.string().max(214).regex(PACKAGE_NAME, 'must be the name of a package'),
  version: z.string().regex(PACKAGE_VERSION, 'must be a version'),
  tarball: z.base64().min(1).describe('The archive that `npm pack` creates, in base64; at most 8 MB'),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits')
    .transform((text) => text.toLowerCase()),
});

const Answer = z
  .object({
    id: z.uuid(),
    name: z.string(),
    version: z.string(),
    sha256: z.string().describe('SHA-256 digest of the archive'),
    bytes: z.int().describe('Size of the archive'),
    createdAt: Timestamp,
  })
  .meta({ id: 'ScriptPackage' });

interface ScriptPackagesDeps {
  db: Executor;
  clock: Clock;
  ids: Ids;
}

/** Returns the routes for the packages that scripts may import. */
export function scriptPackageRoutes(deps: ScriptPackagesDeps): Route[] {
  return [listRoute(deps), getRoute(deps), createRoute(deps), deleteRoute()];
}

function listRoute({ db }: ScriptPackagesDeps): Route {
  return readRoute({
    method: 'get',
    path: '/script-packages',
    permission: 'automation.read',
    operationId: 'scriptPackages.list',
    tag: TAG,
    summary: 'List packages that scripts may import, newest first',
    query: z.object(PageQuery),
    responses: { 200: { description: 'A page of packages', schema: pageOf(Answer) } },
    async handler({ query: { limit, cursor } }) {
      const before = decodeCursor(IdCursor, cursor);
      const rows = await listScriptPackages(db, { limit: limit + 1, before });
      return json(
        200,
        toPage(rows, limit, toAnswer, (row) => row.id),
      );
    },
  });
}

function getRoute({ db }: ScriptPackagesDeps): Route {
  return readRoute({
    method: 'get',
    path: '/script-packages/{id}',
    permission: 'automation.read',
    operationId: 'scriptPackages.get',
    tag: TAG,
    summary: 'Get a package that scripts may import',
    params: IdParams,
    responses: { 200: { description: 'The package', schema: Answer }, ...NOT_FOUND },
    async handler({ params }) {
      const id = uuidOrNotFound(params.id, 'package');
      const found = await findScriptPackage(db, id);
      if (found === null) throw notFound('package', id);
      return json(200, toAnswer(found));
    },
  });
}

function createRoute({ clock, ids }: ScriptPackagesDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/script-packages',
    permission: 'secrets.manage',
    operationId: 'scriptPackages.create',
    tag: TAG,
    summary: 'Allow scripts to import a package; its archive is stored, so nothing is fetched when a script runs',
    description:
      'An archive is refused when its digest differs, or when it contains absolute paths, `..`, links or devices.',
    body: Body,
    maxBodyBytes: 2 * MAX_PACKED_BYTES,
    responses: {
      201: { description: 'The package', schema: Answer },
      409: { description: 'This version already exists' },
    },
    async handler({ body, tx }) {
      const tarball = Buffer.from(body.tarball, 'base64');
      if (sha256(tarball) !== body.sha256) {
        throw refused('sha256', 'sha256_mismatch', `The archive has another digest: ${sha256(tarball)}`);
      }
      assertNamed(await readChecked(tarball), body);
      const row = { ...body, id: ids.next(), tarball, createdAt: clock.now() };
      if (!(await insertScriptPackage(tx, row))) {
        throw new FermataError('conflict', `${body.name} ${body.version} already exists.`);
      }
      return json(201, toAnswer({ ...row, bytes: tarball.length }));
    },
  });
}

function deleteRoute(): Route {
  return writeRoute({
    method: 'delete',
    path: '/script-packages/{id}',
    permission: 'secrets.manage',
    operationId: 'scriptPackages.delete',
    tag: TAG,
    summary: 'Remove a package from the allow-list; later scripts that import it fail',
    params: IdParams,
    responses: { 204: { description: 'Removed' }, ...NOT_FOUND },
    async handler({ params, tx }) {
      const id = uuidOrNotFound(params.id, 'package');
      if (!(await deleteScriptPackage(tx, id))) throw notFound('package', id);
      return { status: 204 };
    },
  });
}

const refused = (path: string, code: string, message: string) =>
  new FermataError('validation_failed', `${message}.`, { errors: [{ path, code, message }] });

async function readChecked(tarball: Buffer): Promise<PackedFile[]> {
  try {
    return await readArchive(tarball);
  } catch (error) {
    if (!(error instanceof UnsafeArchive)) throw error;
    throw refused('tarball', 'unsafe_archive', `The archive is refused: ${error.message}`);
  }
}

/**
 * Refuses an archive whose package.json has a different name or version, because scripts import the package by that
 * name.
 */
function assertNamed(files: readonly PackedFile[], { name, version }: { name: string; version: string }): void {
  const text = files.find(({ path }) => path === 'package.json')?.content.toString('utf8') ?? '';
  let inside: { name?: unknown; version?: unknown } | null = null;
  try {
    inside = JSON.parse(text) as typeof inside;
  } catch {
    throw refused('tarball', 'unsafe_archive', 'The archive is refused: its package.json cannot be read');
  }
  for (const [path, wanted] of Object.entries({ name, version })) {
    const found = inside?.[path as 'name' | 'version'];
    if (found !== wanted)
      throw refused(
        path,
        'other_package',
        `The package.json of the archive has the ${path} ${JSON.stringify(found ?? null)}`,
      );
  }
}

const toAnswer = ({ id, name, version, sha256: digest, bytes, createdAt }: ScriptPackageInfo) => ({
  ...{ id, name, version, sha256: digest, bytes },
  createdAt: createdAt.toISOString(),
});
