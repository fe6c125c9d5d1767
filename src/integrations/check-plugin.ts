import { z } from 'zod';
import { nearest } from '../domain/expressions/nearest';
import type { OwnPlugin } from './contract';

const fn = z.custom<unknown>((value) => typeof value === 'function', 'must be a function');
const schema = z.custom<unknown>(
  (value) => typeof (Object(value) as { safeParse?: unknown }).safeParse === 'function',
  'must be a schema, made with the z of fermata/plugin',
);
const Text = z.string('must be a string').min(1, 'must not be empty');
/** Format of ids, which are joined with dots and used in expressions. */
const Id = Text.regex(/^[A-Za-z][\w-]*$/, 'must begin with a letter and have letters, digits, "_" and "-" only');
const listOf = (item: z.ZodType) => z.array(item, 'must be a list').optional();
const mapOf = (value: z.ZodType) => z.record(z.string(), value, 'must be an object').optional();

const described = { id: Id, displayName: Text, description: Text };
const Trigger = z.looseObject({
  ...{ ...described, category: Text, payloadSchema: schema, configSchema: schema.optional() },
  ...{ contextKey: fn.optional(), evaluateConfig: fn.optional() },
  holds: z.looseObject({ entity: fn, test: fn }).optional(),
});
const action = { ...described, configSchema: schema, execute: fn };
const produces = z.looseObject({ name: Id, schema }).optional();
const Action = z.discriminatedUnion(
  'execution',
  [
    z.looseObject({ ...action, produces, execution: z.literal('transaction') }),
    z.looseObject({
      ...{ ...action, produces, execution: z.literal('call'), timeoutMs: fn },
      ...{ prepare: fn.optional(), before: fn.optional(), settled: fn.optional() },
    }),
  ],
  'must be "transaction" or "call"',
);
const Kind = z.looseObject({ kind: Id, schema, read: fn.optional(), list: fn.optional() });
const ConnectionType = z.looseObject({
  ...{ id: Id, displayName: Text, configSchema: schema, test: fn },
  addressFields: z.array(Text, 'must be a list of fields'),
  options: z.record(z.string(), fn, 'must be an object; {} when nothing can be chosen'),
});

const PluginShape = z.looseObject({
  id: Id,
  triggers: listOf(Trigger),
  actions: listOf(Action),
  entityKinds: listOf(Kind),
  derivers: listOf(z.looseObject({ kind: Text, derive: fn })),
  payloadMappers: mapOf(fn),
  listeners: listOf(
    z.looseObject({ filter: z.looseObject({}), mode: z.enum(['broadcast', 'work-queue']), handler: fn }),
  ),
  filters: mapOf(z.looseObject({ description: Text, apply: fn })),
  connectionTypes: listOf(ConnectionType),
  onSystemRemoved: fn.optional(),
  routes: fn.optional(),
  migrations: z.unknown().optional(),
  provides: mapOf(fn),
  requires: listOf(z.union([Text, z.looseObject({ id: Text })], 'must be the name of a service or a serviceRef')),
});

/**
 * Checks what a plugin module exports, so that a mistake fails at startup rather than in the first step that uses the
 * plugin. Ignores unknown keys unless they resemble a known key.
 * @throws {Error} with the first mistake and its path
 */
export function checkPlugin(made: unknown): asserts made is OwnPlugin {
  if (typeof (Object(made) as { id?: unknown }).id !== 'string') throw new Error('its default export is not a plugin');
  const { error } = PluginShape.safeParse(made);
  const [issue] = error?.issues ?? [];
  if (issue) throw new Error(`${placeOf(issue.path)} ${issue.message}`);
  const known = Object.keys(PluginShape.shape);
  for (const key of Object.keys(made as object).filter((name) => !known.includes(name))) {
    const meant = nearest(key, known);
    if (meant !== undefined) throw new Error(`it has no key "${key}"; did you mean "${meant}"?`);
  }
}

/** Returns a path as text, such as `actions[0].configSchema`. */
const placeOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
