import { sql } from 'drizzle-orm';
import type { SecretBinding } from '../domain/secrets/binding';
import type { Executor } from './executor';

/** The existing secrets, connections, hooks and custom kinds that a document may refer to. */
interface References {
  secrets: Set<string>;
  /** The binding of each secret, by name; null = the secret may be used anywhere. */
  bindings: Map<string, SecretBinding | null>;
  /** Ids and names of connections. */
  connections: Set<string>;
  /** Names of inbound hooks. */
  hooks: Set<string>;
  /** JSON Schemas of custom entity kinds, by kind. */
  kinds: Map<string, Record<string, unknown>>;
}

/** Reads everything that a document may refer to, in one statement. */
export async function knownReferences(db: Executor): Promise<References> {
  const found = await db.execute<{
    secrets: { name: string; allow: SecretBinding | null }[] | null;
    connections: string[] | null;
    hooks: string[] | null;
    kinds: { kind: string; schema: Record<string, unknown> }[] | null;
  }>(sql`
    select (select jsonb_agg(jsonb_build_object('name', name, 'allow', allow)) from secrets) as secrets,
      (select array_agg(id::text) || array_agg(name) from connections) as connections,
      (select array_agg(name) from hooks) as hooks,
      (select jsonb_agg(jsonb_build_object('kind', kind, 'schema', schema)) from entity_kinds) as kinds`);
  const { secrets, connections, hooks, kinds } = found.rows[0] ?? {};
  const bindings = new Map((secrets ?? []).map(({ name, allow }) => [name, allow] as const));
  return {
    secrets: new Set(bindings.keys()),
    bindings,
    connections: new Set(connections ?? []),
    hooks: new Set(hooks ?? []),
    kinds: new Map((kinds ?? []).map(({ kind, schema }) => [kind, schema] as const)),
  };
}
