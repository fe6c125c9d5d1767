import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020';
import { asc, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Clock } from '../../domain/clock';
import type { EntityKind } from '../../domain/entities/entity-kind';
import type { EntityState } from '../../domain/entities/diff';
import { assertStorable } from '../../domain/entities/storable';
import { FermataError, messageOf, type Finding } from '../../domain/errors';
import type { Registry } from '../../domain/registry/registry';
import type { Executor } from '../executor';
import { entityKinds } from '../tables/entities';

/** A kind as people see it, from code or made through the API. */
export interface KindDescription {
  kind: string;
  source: 'built_in' | 'custom';
  schema: Record<string, unknown>;
  description: string | null;
  reactive: boolean;
}

/** A kind ready for use: `validate` gives the state to store or the findings. */
export interface ResolvedKind {
  kind: string;
  source: 'built_in' | 'custom';
  reactive: boolean;
  validate(state: EntityState): { state: EntityState } | { errors: Finding[] };
}

/** Body of a custom kind. `schema` is a JSON Schema (2020-12, or draft-07 if it says so); formats are not checked. */
export const CustomKind = z.strictObject({
  schema: z.record(z.string(), z.unknown()),
  description: z.string().max(2000).optional(),
  reactive: z.boolean().default(true),
});
export type CustomKind = z.infer<typeof CustomKind>;

const KIND_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

function compile(schema: Record<string, unknown>): ValidateFunction {
  if (schema.$async) throw new Error('asynchronous schemas ($async) cannot be used');
  const draft07 = typeof schema.$schema === 'string' && schema.$schema.includes('draft-07');
  // A compiler per schema: two kinds may use the same $id, and an old version must not be found by a new one.
  const options = {
    allErrors: true,
    strict: false,
    validateFormats: false,
    ownProperties: true,
    logger: false,
  } as const;
  return draft07 ? new Ajv(options).compile(schema) : new Ajv2020(options).compile(schema);
}

function pathOf(error: ErrorObject): string {
  const parts = error.instancePath.split('/').slice(1);
  const names = parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const path = names.reduce((p, n) => (/^\d+$/.test(n) ? `${p}[${n}]` : p === '' ? n : `${p}.${n}`), '');
  const extra: unknown = error.params.missingProperty ?? error.params.additionalProperty;
  return typeof extra === 'string' ? (path === '' ? extra : `${path}.${extra}`) : path;
}

function fromAjv(errors: readonly ErrorObject[]): Finding[] {
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

/** Reads and writes kinds; compiled schemas are kept as long as the row they came from is unchanged. */
export interface EntityKindStore {
  /** The kind, or FermataError `unknown_kind`. One query for custom kinds, none for those of the code. */
  resolve(db: Executor, kind: string): Promise<ResolvedKind>;
  /** All kinds, by name. */
  list(db: Executor): Promise<KindDescription[]>;
  /** Creates or replaces a custom kind; states that exist are not checked again. Refused: names of built-in kinds
   * (`conflict`), a schema that does not compile or a name that does not fit (`validation_failed`). */
  put(db: Executor, kind: string, body: CustomKind): Promise<KindDescription>;
}

/** Kinds of the code (from the registry) and custom kinds (table `entity_kinds`) behind one lookup. */
export function createEntityKindStore(deps: { registry: Registry; clock: Clock }): EntityKindStore {
  const { registry, clock } = deps;
  const compiled = new Map<string, { updatedAt: number; resolved: ResolvedKind }>();

  function custom(row: typeof entityKinds.$inferSelect): ResolvedKind {
    const updatedAt = row.updatedAt.getTime();
    const known = compiled.get(row.kind);
    if (known?.updatedAt === updatedAt) return known.resolved;
    const check = compile(row.schema);
    const resolved: ResolvedKind = {
      kind: row.kind,
      source: 'custom',
      reactive: row.reactive,
      validate: (state) => (check(state) ? { state } : { errors: fromAjv(check.errors ?? []) }),
    };
    compiled.set(row.kind, { updatedAt, resolved });
    return resolved;
  }

  return {
    async resolve(db, kind) {
      const known = registry.entityKind(kind);
      if (known) return builtIn(known);
      const rows = await db.select().from(entityKinds).where(eq(entityKinds.kind, kind));
      if (!rows[0]) {
        throw new FermataError(
          'unknown_kind',
          `There is no entity kind "${kind}"; PUT /entity-kinds/${kind} makes one`,
        );
      }
      return custom(rows[0]);
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
      assertStorable(body);
      try {
        compile(body.schema);
      } catch (cause) {
        const finding = { path: 'schema', message: messageOf(cause), code: 'invalid_schema' };
        throw new FermataError('validation_failed', `The JSON Schema is not usable: ${finding.message}`, {
          errors: [finding],
          cause,
        });
      }
      const now = clock.now();
      const values = { schema: body.schema, description: body.description ?? null, reactive: body.reactive };
      await db
        .insert(entityKinds)
        .values({ kind, ...values, createdAt: now, updatedAt: now })
        .onConflictDoUpdate({
          target: entityKinds.kind,
          // Always a new instant: compiled schemas are told apart by it.
          set: {
            ...values,
            updatedAt: sql`greatest(excluded.updated_at, ${entityKinds.updatedAt} + interval '1 millisecond')`,
          },
        });
      return { kind, source: 'custom', ...values };
    },
  };
}
