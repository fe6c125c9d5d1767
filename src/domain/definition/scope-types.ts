import type { Chain } from '../expressions/chain';
import { isStaticKey } from '../expressions/chain';
import { normalizeEvent } from '../registry/registry';
import { valueAt } from '../validation/found-value';
import type { Segment } from './place';
import { isMap, listOf } from './plain-map';
import type { SchemaInDocument } from './schema-members';
import { SCOPE_ROOTS, TRIGGER_FIELDS } from './scope-roots';
import type { JsonSchema, ScopeSchemas } from './scope-schemas';

const ENTITY_CHANGED = 'automation.entity_changed';
const ANY = {};
const closed = (properties: Record<string, unknown>) => ({ type: 'object', properties, additionalProperties: false });

/** An event that a trigger or a wait listens for. */
interface Listened {
  event: string;
  config: unknown;
}

/** The start of a chain: the number of keys that are already resolved, and the schemas that their value may have. */
interface Start {
  alternatives: SchemaInDocument[];
  keys: number;
}

/** The types of the data that the expressions of one document read. */
export interface ScopeTypes {
  /**
   * Returns the start of a chain, or undefined when nothing is known about it. `at` is the path of the expression in
   * the document.
   */
  startOf(chain: Chain, at: readonly Segment[]): Start | undefined;
  /** Returns the type of an entity kind's state, or undefined when it is unknown. */
  kind(name: string): SchemaInDocument | undefined;
}

/** Returns a list with the awaited event whose filter is at a path, or undefined for any other path. */
function waitedAt(document: unknown, at: readonly Segment[]): Listened[] | undefined {
  const wait = at.lastIndexOf('wait_for_trigger');
  if (wait < 0 || at.at(-1) !== 'filter') return undefined;
  return listenedIn([valueAt(document, at.slice(0, -1))]);
}

function listenedIn(list: readonly unknown[]): Listened[] {
  return list.flatMap((one) =>
    isMap(one) && typeof one.event === 'string' ? [{ event: normalizeEvent(one.event), config: one.config }] : [],
  );
}

const orNull = (schema: unknown) => ({ anyOf: [schema, { type: 'null' }] });

class Types implements ScopeTypes {
  private readonly listened: Listened[];
  private readonly ofAll: { payload: SchemaInDocument[]; trigger: SchemaInDocument } | undefined;

  constructor(
    private readonly document: Record<string, unknown>,
    private readonly schemas: ScopeSchemas,
    private readonly custom: ReadonlyMap<string, JsonSchema> | undefined,
  ) {
    const triggers = listOf(document.triggers);
    this.listened = listenedIn(triggers);
    const ids = triggers.flatMap((trigger) => (isMap(trigger) && typeof trigger.id === 'string' ? [trigger.id] : []));
    // A trigger that cannot be read may have any payload.
    if (this.listened.length < triggers.length || triggers.length === 0) return;
    const payload = this.payloads(this.listened);
    this.ofAll = { payload, trigger: this.triggerOf(ids) };
  }

  kind(name: string): SchemaInDocument | undefined {
    const schema = this.schemas.kinds.get(name) ?? this.custom?.get(name);
    return schema && { schema, root: schema };
  }

  private triggerOf(ids: readonly string[] | undefined): SchemaInDocument {
    const id = ids === undefined ? ANY : { enum: ids };
    const schema = closed({ ...TRIGGER_FIELDS, id });
    return { schema, root: schema };
  }

  /** Returns the payload schemas of events without duplicates. An unknown event has an open schema. */
  private payloads(events: readonly Listened[]): SchemaInDocument[] {
    const found = new Map<string, SchemaInDocument>();
    for (const { event, config } of events) {
      const kind = event === ENTITY_CHANGED && isMap(config) ? String(config.kind) : '';
      const key = `${event} ${kind}`;
      if (!found.has(key)) found.set(key, this.payload(event, kind));
    }
    return [...found.values()];
  }

  private payload(event: string, kind: string): SchemaInDocument {
    const schema: JsonSchema = this.schemas.payloads.get(event) ?? ANY;
    const state = kind === '' ? undefined : this.kind(kind)?.schema;
    // References in the schema of a custom kind refer to the root of that schema.
    if (state === undefined || !isMap(schema.properties) || JSON.stringify(state).includes('"$ref"')) {
      return { schema, root: schema };
    }
    const properties = { ...schema.properties, prev: orNull(state), next: orNull(state) };
    return { schema: { ...schema, properties }, root: schema };
  }

  startOf({ root, links }: Chain, at: readonly Segment[]): Start | undefined {
    const [first, second] = links.map(({ key }) => key);
    if (root.name === 'trigger') return this.trigger(first, at);
    if (root.name === 'state') {
      const kind = isStaticKey(first) ? this.kind(String(first)) : undefined;
      return kind && second !== undefined ? { alternatives: [kind], keys: 2 } : undefined;
    }
    const { health } = this.schemas;
    if (root.name === 'health' && health && (first === 'system' || first === 'systems')) {
      const keys = first === 'system' ? 1 : 2;
      return links.length < keys ? undefined : { alternatives: [{ schema: health, root: health }], keys };
    }
    const schema = Object.hasOwn(SCOPE_ROOTS, root.name) ? SCOPE_ROOTS[root.name] : undefined;
    return schema && { alternatives: [{ schema, root: schema }], keys: 0 };
  }

  private trigger(first: unknown, at: readonly Segment[]): Start | undefined {
    const waited = waitedAt(this.document, at);
    const index = at[0] === 'triggers' ? at[1] : undefined;
    const own = typeof index === 'number' ? listenedIn([listOf(this.document.triggers)[index]]) : undefined;
    const events = waited ?? own;
    if (events?.length === 0 || (events === undefined && this.ofAll === undefined)) return undefined;
    if (first === 'payload') {
      return { alternatives: events ? this.payloads(events) : (this.ofAll?.payload ?? []), keys: 1 };
    }
    const trigger = events === undefined ? this.ofAll?.trigger : this.triggerOf(undefined);
    return trigger && { alternatives: [trigger], keys: 0 };
  }
}

/** Returns the types of a document's scope. `custom` contains the JSON Schemas of custom kinds, by kind. */
export function scopeTypesOf(
  document: Record<string, unknown>,
  schemas: ScopeSchemas,
  custom: ReadonlyMap<string, JsonSchema> | undefined,
): ScopeTypes {
  return new Types(document, schemas, custom);
}
