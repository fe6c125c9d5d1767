import { sql } from 'drizzle-orm';
import type { Clock, Ids } from '../domain/clock';
import { DEFINITION_SCHEMA, upgradeDocument } from '../domain/definition/upgrade';
import type { Validation } from '../domain/definition/validate';
import type { Definition } from '../domain/definition/schema';
import { createAutomationStore } from './automation-store';
import type { Database } from './client';
import { forgetMigrationFailure, noteMigrationFailure } from './migration-failures';

const MIGRATOR = { type: 'system', id: 'migrate' } as const;

/** The upgraded and the failed automations. */
export interface UpgradeResult {
  upgraded: string[];
  failed: string[];
}

/**
 * Upgrades stored definitions from older releases to the form that this release uses, each automation in a separate
 * transaction. Creates a new version if the upgrade changes the definition. If the upgraded definition is not valid,
 * adds a row to `migration_failures` and disables the automation. May be called repeatedly.
 */
export async function upgradeDefinitions(deps: {
  database: Database;
  clock: Clock;
  ids: Ids;
  validate: (document: unknown) => Validation;
}): Promise<UpgradeResult> {
  const { database, clock, ids, validate } = deps;
  const automations = createAutomationStore({ clock, ids });
  const result: UpgradeResult = { upgraded: [], failed: [] };
  const { rows } = await database.db.execute<{ id: string }>(sql`
    select a.id from automations a join automation_versions v on v.automation_id = a.id and v.version = a.version
    where a.deleted_at is null and v.schema_version < ${DEFINITION_SCHEMA} order by a.id`);
  for (const { id } of rows) {
    // Each automation has a separate transaction: after a crash, the finished automations keep their upgrade, and the
    // next call finds only the others.
    await database.db.transaction(async (tx) => {
      // The definition is read again under a lock, because a person or another `fermata migrate` may have saved a new
      // version in between.
      const found = await tx.execute<{ version: number; schema_version: number; definition: Definition }>(sql`
        select a.version, v.schema_version, v.definition from automations a
        join automation_versions v on v.automation_id = a.id and v.version = a.version
        where a.id = ${id} and a.deleted_at is null and v.schema_version < ${DEFINITION_SCHEMA} for update of a`);
      const row = found.rows[0];
      if (row === undefined) return;
      const { version, schema_version: form, definition: stored } = row;
      const document = upgradeDocument(stored as unknown as Record<string, unknown>, form);
      const { definition, errors } = validate(document);
      if (definition === undefined) {
        const message = errors.map(({ path, message: text }) => `${path}: ${text}`).join('; ');
        await noteMigrationFailure(tx, {
          id: ids.next(),
          automationId: id,
          version,
          message,
          errors,
          failedAt: clock.now(),
        });
        // The automation is disabled, and its definition is left in the old form: running a document that this release
        // reads differently would be worse than not running it.
        await automations.update(tx, id, { status: 'disabled', actor: MIGRATOR });
        result.failed.push(id);
        return;
      }
      if (document === (stored as unknown)) {
        await tx.execute(sql`
          update automation_versions set schema_version = ${DEFINITION_SCHEMA}
          where automation_id = ${id} and version = ${version}`);
      } else {
        await automations.update(tx, id, { definition, actor: MIGRATOR });
        result.upgraded.push(id);
      }
      await forgetMigrationFailure(tx, id);
    });
  }
  return result;
}
