import { asc, eq } from 'drizzle-orm';
import { z } from 'zod';
import type { Clock } from '../../domain/clock';
import type { EntityKind } from '../../domain/entities/entity-kind';
import type { EntityState } from '../../domain/entities/diff';
import { assertStorable } from '../../domain/entities/storable';
import { checkEntitySchema } from '../../domain/entities/check-schema';
import { probeState } from '../../domain/entities/probe-state';
import { FermataError, type Finding } from '../../domain/errors';
import type { Registry } from '../../domain/registry/registry';
import type { Executor } from '../executor';
import { entityKinds } from '../tables/entities';
import { createSchemaPool, type SchemaPool } from './schema-pool';
import type { SchemaError } from './schema-thread';

/** The description of a kind that is defined in code or through the API. */
export interface KindDescription {
  kind: string;
  source: 'built_in' | 'custom';
  schema: Record<string, unknown>;
  description: string | null;
  reactive: boolean;
}

/** The state to store, or why it is not valid. */
type Validated = { state: EntityState } | { errors: Finding[] };

/**
 * A kind that is ready for use. States of custom kinds are checked on another thread; a check that exceeds its deadline
 * makes the state invalid.
 */
export interface ResolvedKind {
  kind: string;
  source: 'built_in' | 'custom';
  reactive: boolean;
  validate(state: EntityState): Validated | Promise<Validated>;
}

/**
 * Body of a custom kind. `schema` is a JSON Schema (2020-12, or draft-07 if its `$schema` names this draft) within the
 * limits of `checkEntitySchema`; formats are not checked.
 */
export const CustomKind = z.strictObject({
  schema: z.record(z.string(), z.unknown()),
  description: z.string().max(2000).optional(),
  reactive: z.boolean().default(true),
});
export type CustomKind = z.infer<typeof CustomKind>;

const KIND_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

function pathOf(error: SchemaError): string {
  const parts = error.instancePath.split('/').slice(1);
  const names = parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const path = names.reduce((p, n) => (/^\d+$/.test(n) ? `${p}[${n}]` : p === '' ? n : `${p}.${n}`), '');
  const extra: unknown = error.params.missingProperty ?? error.params.additionalProperty;
  return typeof extra === 'string' ? (path === '' ? extra : `${path}.${extra}`) : path;
}

function fromAjv(errors: readonly SchemaError[]): Finding[] {
  return errors.map((e) => ({ path: pathOf(e), message: e.message ?? 'is not valid', code: e.keyword }));
}

function fromZod(error: z.ZodError): Finding[] {
  return error.issues.map((issue) => ({
    path: issue.path.reduce<string>(
      (p, part) => (typeof part === 'number' ? `${p}[${part}]` : p === '' ? String(part) : `${p}.${String(part)}`),
      '',
    ),
    message: issue.message,
    code: issue.code,
  }));
}

function builtIn(kind: EntityKind): ResolvedKind {
  return {
    kind: kind.kind,
    source: 'built_in',
    reactive: kind.reactive ?? true,
    validate(state) {
      const parsed = kind.schema.safeParse(state);
      return parsed.success ? { state: parsed.data } : { errors: fromZod(parsed.error) };
    },
  };
}

/** Reads and writes kinds. */
export interface EntityKindStore {
  /**
   * Returns the kind. Needs one query for a custom kind, and none for a built-in kind.
   * @throws {FermataError} `unknown_kind`
   */
  resolve(db: Executor, kind: string): Promise<ResolvedKind>;
  /** Returns all kinds in alphabetical order. */
  list(db: Executor): Promise<KindDescription[]>;
  /**
   * Creates or replaces a custom kind. Existing states are not checked again.
   * @throws {FermataError} `conflict` for the name of a built-in kind; `validation_failed` for an invalid name, and for
   * a schema that exceeds a limit, does not compile, or takes too long on a large state
   */
  put(db: Executor, kind: string, body: CustomKind): Promise<KindDescription>;
}

/** Returns a custom kind that uses the pool to check states. */
function custom(pool: SchemaPool, row: typeof entityKinds.$inferSelect): ResolvedKind {
  const refused = (code: string, message: string) => ({ errors: [{ path: '', message, code }] });
  return {
    kind: row.kind,
    source: 'custom',
    reactive: row.reactive,
    async validate(state) {
      const verdict = await pool.check(JSON.stringify(row.schema), [state]);
      switch (verdict.type) {
        case 'checked': {
          const [errors = []] = verdict.errors;
          return errors.length === 0 ? { state } : { errors: fromAjv(errors) };
        }
        case 'unusable':
          return refused('invalid_schema', `the schema of the kind "${row.kind}" cannot be used: ${verdict.message}`);
        case 'too_expensive':
          return refused('schema_too_expensive', `checking it against the schema of "${row.kind}" takes too long`);
      }
    },
  };
}

/**
 * Refuses a schema that cannot be used.
 * @throws {FermataError} `validation_failed` with the error and its location
 */
async function assertUsable(pool: SchemaPool, schema: Record<string, unknown>): Promise<void> {
  const refuse = (errors: Finding[]): never => {
    const [first] = errors;
    const message = `The JSON Schema is not usable: ${first?.message ?? ''} (${first?.path ?? ''})`;
    throw new FermataError('validation_failed', message, { errors });
  };
  const findings = checkEntitySchema(schema);
  if (findings.length > 0) refuse(findings);
  const verdict = await pool.check(JSON.stringify(schema), [{}, probeState(schema)]);
  if (verdict.type === 'unusable') refuse([{ path: 'schema', message: verdict.message, code: 'invalid_schema' }]);
  if (verdict.type === 'too_expensive') {
    const message = 'Checking a large state against it takes longer than a second';
    refuse([{ path: 'schema', message, code: 'schema_too_expensive' }]);
  }
}

/** Creates the store of entity kinds. Built-in kinds are in the registry, custom kinds in the table `entity_kinds`. */
export function createEntityKindStore(deps: {
  registry: Registry;
  clock: Clock;
  /** Default: a new pool. */
  pool?: SchemaPool;
}): EntityKindStore {
  const { registry, clock, pool = createSchemaPool() } = deps;

  return {
    async resolve(db, kind) {
      const known = registry.entityKind(kind);
      if (known) return builtIn(known);
      const rows = await db.select().from(entityKinds).where(eq(entityKinds.kind, kind));
      if (!rows[0]) {
        throw new FermataError('unknown_kind', `Entity kind "${kind}" not found; PUT /entity-kinds/${kind} creates it`);
      }
      return custom(pool, rows[0]);
    },

    async list(db) {
      const rows = await db.select().from(entityKinds).orderBy(asc(entityKinds.kind));
      const own = [...registry.entityKinds().values()].map((kind) => ({
        kind: kind.kind,
        source: 'built_in' as const,
        schema: z.toJSONSchema(kind.schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>,
        description: kind.description,
        reactive: kind.reactive ?? true,
      }));
      const made = rows.map(({ kind, schema, description, reactive }) => ({
        ...{ kind, source: 'custom' as const, schema, description, reactive },
      }));
      return [...own, ...made].sort((a, b) => (a.kind < b.kind ? -1 : 1));
    },

    async put(db, kind, body) {
      if (registry.entityKind(kind)) {
        throw new FermataError('conflict', `"${kind}" is a built-in kind and cannot be redefined`);
      }
      if (!KIND_NAME.test(kind)) {
        const message = 'must start with a letter and have at most 64 letters, digits, "_" or "-"';
        throw new FermataError('validation_failed', `The kind's name ${message}`, {
          errors: [{ path: 'kind', message, code: 'invalid_format' }],
        });
      }
      assertStorable({ description: body.description });
      await assertUsable(pool, body.schema);
      assertStorable(body.schema, 'schema');
      const now = clock.now();
      const values = { schema: body.schema, description: body.description ?? null, reactive: body.reactive };
      await db
        .insert(entityKinds)
        .values({ kind, ...values, createdAt: now, updatedAt: now })
        .onConflictDoUpdate({
          target: entityKinds.kind,
          set: { ...values, updatedAt: now },
        });
      return { kind, source: 'custom', ...values };
    },
  };
}
