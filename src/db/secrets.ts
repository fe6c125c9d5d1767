import { sql } from 'drizzle-orm';
import type { SecretBinding } from '../domain/secrets/binding';
import type { Sealed } from '../domain/secrets/cipher';
import type { Executor } from './executor';

/** A secret without its value. */
export interface SecretInfo {
  name: string;
  version: number;
  updatedAt: Date;
  /** The secret's binding; null = it may be used anywhere. */
  allow: SecretBinding | null;
}

/** Returns sealed values with their versions and bindings, by name. */
export async function findSecrets(
  db: Executor,
  names: readonly string[],
): Promise<Map<string, { version: number; sealed: Sealed; allow: SecretBinding | null }>> {
  const found = await db.execute<{ name: string; version: number; sealed: Sealed; allow: SecretBinding | null }>(sql`
    select name, version, sealed, allow from secrets
    where name = any(array(select jsonb_array_elements_text(${JSON.stringify(names)}::jsonb)))`);
  return new Map(found.rows.map(({ name, ...row }) => [name, row]));
}

/** Returns secrets that follow the name `after`, in alphabetical order. */
export async function listSecrets(
  db: Executor,
  page: { limit: number; after: string | undefined },
): Promise<SecretInfo[]> {
  const found = await db.execute<InfoRow>(sql`
    select name, version, updated_at, allow from secrets where name > ${page.after ?? ''} order by name limit ${page.limit}`);
  return found.rows.map(infoOf);
}

interface InfoRow extends Record<string, unknown> {
  name: string;
  version: number;
  updated_at: string;
  allow: SecretBinding | null;
}

const infoOf = ({ name, version, updated_at, allow }: InfoRow): SecretInfo => ({
  ...{ name, version, allow },
  updatedAt: new Date(updated_at),
});

/**
 * Stores a value as a new version (version 1 for a new name). The binding is kept unless `allow` is given; null removes
 * it. If two calls are concurrent, the second waits for the row and creates the newer version. Returns the secret
 * without its value.
 */
export async function putSecret(
  tx: Executor,
  { name, sealed, allow, now }: { name: string; sealed: Sealed; allow: SecretBinding | null | undefined; now: Date },
): Promise<SecretInfo> {
  const binding = allow ? JSON.stringify(allow) : null;
  const written = await tx.execute<InfoRow>(sql`
    insert into secrets (name, version, sealed, allow, created_at, updated_at)
    values (${name}, 1, ${JSON.stringify(sealed)}::jsonb, ${binding}::jsonb, ${now.toISOString()}, ${now.toISOString()})
    on conflict (name) do update set version = secrets.version + 1, sealed = excluded.sealed, updated_at = excluded.updated_at,
      allow = case when ${allow === undefined} then secrets.allow else excluded.allow end
    returning name, version, updated_at, allow`);
  const [row] = written.rows;
  if (!row) throw new Error('The secret was not written');
  return infoOf(row);
}

/** Sets the binding of a secret and keeps its value. Returns null when the secret does not exist. */
export async function bindSecret(
  tx: Executor,
  { name, allow, now }: { name: string; allow: SecretBinding | null; now: Date },
): Promise<SecretInfo | null> {
  const written = await tx.execute<InfoRow>(sql`
    update secrets set allow = ${allow ? JSON.stringify(allow) : null}::jsonb, updated_at = ${now.toISOString()}
    where name = ${name} returning name, version, updated_at, allow`);
  return written.rows[0] ? infoOf(written.rows[0]) : null;
}

/** Deletes a secret. Returns false when it does not exist. */
export async function deleteSecret(tx: Executor, name: string): Promise<boolean> {
  return (await tx.execute(sql`delete from secrets where name = ${name}`)).rowCount === 1;
}

/** A value that a run has used, sealed for the run. */
export interface SealedRunSecret {
  /** Name and version of the secret. */
  source: string;
  sealed: Sealed;
}

/**
 * Stores the values that a run is going to use, sealed for the run. The caller commits before it uses a value. Answers
 * and failures can therefore be masked even after a crash, and even if the secret itself has been changed or deleted.
 * Locks the run's row, and stores nothing if the run is not open, because an attempt must not leave secrets of an ended
 * run behind.
 */
export async function rememberRunSecrets(
  db: Executor,
  runId: string,
  secrets: readonly SealedRunSecret[],
): Promise<void> {
  if (secrets.length === 0) return;
  await db.execute(sql`
    with run as materialized (
      select id from runs where id = ${runId} and status in ('running', 'waiting') for share)
    insert into run_secrets (run_id, source, sealed)
    select run.id, s.source, s.sealed
    from run, jsonb_to_recordset(${JSON.stringify(secrets)}::jsonb) as s(source text, sealed jsonb)
    on conflict do nothing`);
}

/** Returns the secrets that a run has used so far. */
export async function runSecretsOf(db: Executor, runId: string): Promise<SealedRunSecret[]> {
  const found = await db.execute<{ source: string; sealed: Sealed }>(
    sql`select source, sealed from run_secrets where run_id = ${runId} order by source`,
  );
  return found.rows;
}

/**
 * Replaces each sealed value in the database with the result of `reseal`, which returns null for a value that needs no
 * change. Returns how many values were changed.
 */
export async function resealAll(
  tx: Executor,
  reseal: (name: string, sealed: Sealed) => Sealed | null,
): Promise<number> {
  let count = 0;
  const each = (name: string, sealed: Sealed): Sealed => {
    const next = reseal(name, sealed);
    if (next !== null) count += 1;
    return next ?? sealed;
  };
  const secrets = await tx.execute<{ name: string; sealed: Sealed }>(sql`select name, sealed from secrets for update`);
  for (const { name, sealed } of secrets.rows) {
    const next = JSON.stringify(each(secretSealName(name), sealed));
    await tx.execute(sql`update secrets set sealed = ${next}::jsonb where name = ${name}`);
  }
  const used = await tx.execute<{ run_id: string; source: string; sealed: Sealed }>(
    sql`select run_id, source, sealed from run_secrets for update`,
  );
  for (const { run_id: runId, source, sealed } of used.rows) {
    const next = JSON.stringify(each(runSecretSealName(runId, source), sealed));
    await tx.execute(
      sql`update run_secrets set sealed = ${next}::jsonb where run_id = ${runId} and source = ${source}`,
    );
  }
  const connections = await tx.execute<{ id: string; secrets: Record<string, Sealed> }>(
    sql`select id, secrets from connections for update`,
  );
  for (const { id, secrets: fields } of connections.rows) {
    const next = Object.fromEntries(
      Object.entries(fields).map(([field, sealed]) => [field, each(`connection:${id}:${field}`, sealed)]),
    );
    await tx.execute(sql`update connections set secrets = ${JSON.stringify(next)}::jsonb where id = ${id}`);
  }
  const hooks = await tx.execute<{ id: string; secrets: Sealed[] }>(sql`select id, secrets from hooks for update`);
  for (const { id, secrets: values } of hooks.rows) {
    const next = values.map((sealed) => each(`hook:${id}`, sealed));
    await tx.execute(sql`update hooks set secrets = ${JSON.stringify(next)}::jsonb where id = ${id}`);
  }
  return count;
}

/** Returns the name for which a secret's value is sealed. */
export const secretSealName = (name: string): string => `secret:${name}`;
/** Returns the name for which a run's copy of a value is sealed. */
export const runSecretSealName = (runId: string, source: string): string => `run:${runId}:${source}`;
