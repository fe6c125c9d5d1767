import { and, desc, eq, isNull, lt, sql } from 'drizzle-orm';
import type { Clock, Ids } from '../domain/clock';
import type { Definition } from '../domain/definition/schema';
import type { Actor } from '../domain/entities/change';
import { sameJson } from '../domain/entities/diff';
import { FermataError } from '../domain/errors';
import { DEFINITION_SCHEMA } from '../domain/definition/upgrade';
import { filterConditions, type AutomationFilter } from './automation-filter';
import type { Executor } from './executor';
import { automationEvents, automations, automationVersions, type AutomationChange } from './tables/automations';
import { dwellGateId, windowGateId } from '../domain/gates/gate-id';
import { keepDwells } from './dwells';
import { keepSchedules } from './schedules';
import { takeSlug } from './take-slug';
import { keepWindows } from './window-events';

export type AutomationStatus = 'enabled' | 'disabled';

/** An automation and its current definition. */
export interface AutomationRecord {
  id: string;
  name: string;
  description: string | null;
  group: string | null;
  status: AutomationStatus;
  managedBy: 'api' | 'gitops';
  /** Name of the automation within its source; null unless the automation is managed from Git. */
  sourceName: string | null;
  /** Origin of the document; null unless the automation is managed from Git. */
  provenance: Provenance | null;
  version: number;
  /** Position of the latest write in the commit order of definition changes. Every write gets a new revision. */
  revision: number;
  definition: Definition;
  /** The original YAML text; null if the document was not sent as YAML. */
  sourceYaml: string | null;
  createdAt: Date;
  updatedAt: Date;
  lastTriggeredAt: Date | null;
}

/** Origin of an automation that is managed from Git. */
export interface Provenance {
  source: string;
  /** File of the document; null = not given. */
  path: string | null;
  commit: string | null;
}

export interface VersionRecord {
  version: number;
  definition: Definition;
  createdAt: Date;
  createdBy: Actor;
  /** The author's note; null = none. */
  note: string | null;
}

/** A version and its YAML text. */
type VersionText = VersionRecord & Pick<AutomationRecord, 'sourceYaml'>;

/** Checks the current state before a write. An error that it throws aborts the write. */
export type CheckCurrent = (current: AutomationRecord) => void;

export interface NewAutomation {
  definition: Definition;
  /** Default: `enabled`. */
  status?: AutomationStatus;
  sourceYaml?: string | null;
  /** Note on the first version. */
  note?: string | undefined;
  /** For an automation that is managed from Git: its source, and its name in that source. */
  managed?: { source: string; name: string; path?: string | null; commit?: string | null };
  actor: Actor;
}

export interface AutomationUpdate {
  /** Creates a new version only if it differs from the current definition (deep comparison, key order ignored). */
  definition?: Definition;
  status?: AutomationStatus;
  /** YAML text. If the definition is unchanged, a non-null value replaces the current version's text. */
  sourceYaml?: string | null;
  /** Note on the new version; ignored when no version is created. */
  note?: string | undefined;
  /** New file and commit of an automation that is managed from Git. */
  origin?: { path: string | null; commit: string | null };
  /** Called with the locked current state. An error that it throws, e.g. for a stale ETag, aborts the update. */
  check?: CheckCurrent | undefined;
  actor: Actor;
}

export interface AutomationStore {
  create(tx: Executor, automation: NewAutomation): Promise<AutomationRecord>;
  /** Updates an automation and returns it. Throws `not_found`, or any error that `check` throws. */
  update(tx: Executor, id: string, update: AutomationUpdate): Promise<AutomationRecord>;
  /** Disables and hides an automation; its history is kept. The caller cancels its runs in the same transaction. */
  remove(tx: Executor, id: string, check?: CheckCurrent): Promise<void>;
  get(db: Executor, id: string): Promise<AutomationRecord | null>;
  /** Returns automations from newest to oldest. `after` is the id of the last automation on the previous page. */
  list(db: Executor, filter: AutomationFilter, page: { limit: number; after?: string }): Promise<AutomationRecord[]>;
  /** Returns versions from newest to oldest. */
  versions(db: Executor, id: string, page: { limit: number; before?: number }): Promise<VersionRecord[]>;
  versionAt(db: Executor, id: string, version: number): Promise<VersionText | null>;
  /** Returns all automations of a Git source, ordered by their names in the source. */
  ofSource(db: Executor, source: string): Promise<AutomationRecord[]>;
  /** Returns group names in alphabetical order. */
  groups(db: Executor): Promise<string[]>;
}

/** Returns the ETag of an automation. It changes with every write, including status changes. */
export function automationEtag({ version, revision }: Pick<AutomationRecord, 'version' | 'revision'>): string {
  return `"${version}-${revision}"`;
}

/** The creation time of the newest run. */
const lastTriggeredAt = sql<string | null>`(select max(created_at) from runs where automation_id = ${automations.id})`;

const columns = {
  id: automations.id,
  name: automations.name,
  description: automations.description,
  group: automations.group,
  status: automations.status,
  managedBy: automations.managedBy,
  sourceName: automations.sourceName,
  source: automations.source,
  sourcePath: automations.sourcePath,
  sourceCommit: automations.sourceCommit,
  version: automations.version,
  revision: automations.revision,
  definition: automationVersions.definition,
  sourceYaml: automationVersions.sourceYaml,
  createdAt: automations.createdAt,
  updatedAt: automations.updatedAt,
  lastTriggeredAt,
};

/** The read functions of the store. */
const readers: Omit<AutomationStore, 'create' | 'update' | 'remove'> = {
  async get(db, id) {
    const rows = await select(db).where(and(eq(automations.id, id), isNull(automations.deletedAt)));
    return rows[0] ? toRecord(rows[0]) : null;
  },

  async list(db, filter, { limit, after }) {
    const where = and(
      isNull(automations.deletedAt),
      ...filterConditions(filter),
      after === undefined ? undefined : lt(automations.id, after),
    );
    return (await select(db).where(where).orderBy(desc(automations.id)).limit(limit)).map(toRecord);
  },

  async versions(db, id, { limit, before }) {
    const where = and(
      eq(automationVersions.automationId, id),
      before === undefined ? undefined : lt(automationVersions.version, before),
    );
    const rows = await db
      .select()
      .from(automationVersions)
      .where(where)
      .orderBy(desc(automationVersions.version))
      .limit(limit);
    return rows.map(toVersion);
  },

  async versionAt(db, id, version) {
    const where = and(eq(automationVersions.automationId, id), eq(automationVersions.version, version));
    const rows = await db.select().from(automationVersions).where(where);
    return rows[0] ? { ...toVersion(rows[0]), sourceYaml: rows[0].sourceYaml } : null;
  },

  async ofSource(db, source) {
    const where = and(isNull(automations.deletedAt), eq(automations.source, source));
    return (await select(db).where(where).orderBy(automations.sourceName)).map(toRecord);
  },

  async groups(db) {
    const rows = await db
      .selectDistinct({ group: automations.group })
      .from(automations)
      .where(and(isNull(automations.deletedAt), sql`${automations.group} is not null`))
      .orderBy(automations.group);
    return rows.flatMap(({ group }) => (group === null ? [] : [group]));
  },
};

/** Creates the store of definitions: rows, versions, and the revision that the routing index follows. */
export function createAutomationStore({ clock, ids }: { clock: Clock; ids: Ids }): AutomationStore {
  return {
    ...readers,

    async create(tx, { definition, status = 'enabled', sourceYaml = null, note = null, managed, actor }) {
      const id = ids.next();
      const now = clock.now();
      const revision = await nextRevision(tx);
      await tx.insert(automations).values({
        id,
        slug: await takeSlug(tx, definition.name, id),
        ...rowFields(definition),
        status,
        ...(managed === undefined
          ? {}
          : {
              ...{ managedBy: 'gitops', source: managed.source, sourceName: managed.name },
              ...{ sourcePath: managed.path ?? null, sourceCommit: managed.commit ?? null },
            }),
        ...{ version: 1, revision },
        ...{ createdAt: now, updatedAt: now },
      });
      await insertVersion(tx, { id, version: 1, definition, sourceYaml, note, actor, now });
      if (status === 'enabled') await keepSchedules(tx, id, definition.triggers);
      await noteChange(tx, { automationId: id, version: 1, change: 'created' });
      return found(await readers.get(tx, id), id);
    },

    update: (tx, id, update) => updateAutomation(tx, id, update, clock.now()),

    async remove(tx, id, check) {
      const { version } = await lockCurrent(tx, id, check);
      await keepWindows(tx, id, []);
      await keepDwells(tx, id, [], 'The automation was deleted.');
      await keepSchedules(tx, id, []);
      const now = clock.now();
      await tx
        .update(automations)
        .set({ deletedAt: now, updatedAt: now, status: 'disabled', revision: await nextRevision(tx) })
        .where(eq(automations.id, id));
      await noteChange(tx, { automationId: id, version, change: 'deleted' });
    },
  };
}

async function updateAutomation(
  tx: Executor,
  id: string,
  update: AutomationUpdate,
  now: Date,
): Promise<AutomationRecord> {
  const { definition, status, sourceYaml = null, note = null, origin, check, actor } = update;
  const current = await lockCurrent(tx, id, check);
  const changed = definition !== undefined && !sameJson(current.definition, versioned(definition));
  if (!changed && isAsStored(current, update)) return current;
  const version = changed ? current.version + 1 : current.version;
  if (changed) {
    await insertVersion(tx, { id, version, definition, sourceYaml, note, actor, now });
    await keepWindows(tx, id, definition.triggers.map(windowGateId));
  } else if (sourceYaml !== null) {
    const isCurrent = and(eq(automationVersions.automationId, id), eq(automationVersions.version, version));
    await tx.update(automationVersions).set({ sourceYaml }).where(isCurrent);
  }
  if (changed || status !== undefined) {
    await keepGates(tx, id, (definition ?? current.definition).triggers, (status ?? current.status) === 'enabled');
  }
  await tx
    .update(automations)
    .set({
      ...(definition === undefined ? {} : rowFields(definition)),
      ...(status === undefined ? {} : { status }),
      ...(origin === undefined ? {} : { sourcePath: origin.path, sourceCommit: origin.commit }),
      version,
      revision: await nextRevision(tx),
      updatedAt: now,
    })
    .where(eq(automations.id, id));
  if (definition !== undefined) await noteChange(tx, { automationId: id, version, change: 'updated' });
  if (status !== undefined && status !== current.status) {
    await noteChange(tx, { automationId: id, version, change: status });
  }
  return found(await readers.get(tx, id), id);
}

/** Drops dwells and schedules of edited, removed and disabled triggers, and stores schedules of the other triggers. */
async function keepGates(
  tx: Executor,
  id: string,
  definedTriggers: Definition['triggers'],
  isEnabled: boolean,
): Promise<void> {
  const triggers = isEnabled ? definedTriggers : [];
  const why = isEnabled ? 'The trigger was edited.' : 'The automation was disabled.';
  await keepDwells(tx, id, triggers.filter(({ enabled }) => enabled).map(dwellGateId), why);
  await keepSchedules(tx, id, triggers);
}

function select(db: Executor) {
  return db
    .select(columns)
    .from(automations)
    .innerJoin(
      automationVersions,
      and(eq(automationVersions.automationId, automations.id), eq(automationVersions.version, automations.version)),
    )
    .$dynamic();
}

/** Takes and returns the next revision. Its lock is held until commit, so revisions become visible in order. */
async function nextRevision(tx: Executor): Promise<number> {
  const result = await tx.execute<{ revision: string }>(
    sql`update definition_revision set revision = revision + 1 returning revision`,
  );
  return Number(result.rows[0]?.revision);
}

/** Adds an event for the streams that report automation changes. */
async function noteChange(
  tx: Executor,
  event: { automationId: string; version: number; change: AutomationChange },
): Promise<void> {
  await tx.insert(automationEvents).values(event);
}

/** Returns whether an update without a new version changes nothing, and thus keeps the ETag and update time. */
function isAsStored(current: AutomationRecord, update: AutomationUpdate): boolean {
  const { definition, status, sourceYaml = null, origin } = update;
  const { group = current.group } = definition === undefined ? {} : rowFields(definition);
  const sameStatus = status === undefined || status === current.status;
  const sameText = sourceYaml === null || sourceYaml === current.sourceYaml;
  const { path = null, commit = null } = current.provenance ?? {};
  return (
    sameStatus && sameText && group === current.group && (origin === undefined || sameJson(origin, { path, commit }))
  );
}

/** Locks the row, then reads it: a join that waited for the row lock would return the version from before the wait. */
async function lockCurrent(tx: Executor, id: string, check: CheckCurrent | undefined): Promise<AutomationRecord> {
  await tx.execute(sql`select 1 from automations where id = ${id} for update`);
  const rows = await select(tx).where(and(eq(automations.id, id), isNull(automations.deletedAt)));
  const current = found(rows[0] ? toRecord(rows[0]) : null, id);
  check?.(current);
  return current;
}

function found(record: AutomationRecord | null, id: string): AutomationRecord {
  if (!record) throw new FermataError('not_found', `Automation ${id} not found.`);
  return record;
}

/** Returns the fields of a document that are also columns of the row. An empty group becomes null. */
function rowFields({ name, description, group }: Definition) {
  const trimmed = group?.trim();
  return {
    name,
    description: description ?? null,
    ...(trimmed === undefined ? {} : { group: trimmed === '' ? null : trimmed }),
  };
}

/** Returns the document without the fields that are columns of the row. */
function versioned(definition: Definition): Definition {
  const { group: _lifted, ...rest } = definition;
  return rest;
}

interface NewVersion {
  id: string;
  version: number;
  definition: Definition;
  sourceYaml: string | null;
  note: string | null;
  actor: Actor;
  now: Date;
}

async function insertVersion(tx: Executor, { id, version, definition, sourceYaml, note, actor, now }: NewVersion) {
  await tx.insert(automationVersions).values({
    automationId: id,
    version,
    schemaVersion: DEFINITION_SCHEMA,
    definition: versioned(definition),
    ...{ sourceYaml, note },
    createdAt: now,
    createdBy: actor,
  });
}

type Row = Omit<AutomationRecord, 'definition' | 'lastTriggeredAt' | 'provenance'> & {
  source: string | null;
  sourcePath: string | null;
  sourceCommit: string | null;
  definition: unknown;
  lastTriggeredAt: string | null;
};

/** Returns a row as a record. Its document was validated when it was saved; runs parse it again. */
function toRecord({ source, sourcePath, sourceCommit, ...row }: Row): AutomationRecord {
  return {
    ...row,
    provenance: source === null ? null : { source, path: sourcePath, commit: sourceCommit },
    definition: row.definition as Definition,
    lastTriggeredAt: row.lastTriggeredAt === null ? null : new Date(row.lastTriggeredAt),
  };
}

function toVersion(row: typeof automationVersions.$inferSelect): VersionRecord {
  const { version, definition, createdAt, createdBy, note } = row;
  return { version, definition: definition as Definition, createdAt, createdBy, note };
}
