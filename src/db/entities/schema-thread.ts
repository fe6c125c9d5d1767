import type { MessagePort } from 'node:worker_threads';
import type { ErrorObject, ValidateFunction } from 'ajv';
import type * as AjvModule from 'ajv';
import type * as Ajv2020Module from 'ajv/dist/2020';
import type * as Re2Module from 're2js';

/** A request to compile a schema and to check states against it. */
export interface SchemaJob {
  /** The schema as JSON text, which is also the cache key of the compiled schema. */
  schema: string;
  states: readonly unknown[];
}

/** An error of a state, as Ajv describes it. */
export type SchemaError = Pick<ErrorObject, 'instancePath' | 'keyword' | 'message' | 'params'>;

/**
 * The thread's response: `unusable` with a message when the schema does not compile, otherwise the errors of each
 * state, in order.
 */
export type SchemaAnswer = { unusable: string } | { errors: SchemaError[][] };

/**
 * Runs in a thread: compiles the JSON Schemas of custom entity kinds and checks states against them. The thread is
 * started from the source text of this function (`Function.prototype.toString`), so it runs both from TypeScript and
 * from the build. The function must therefore not use anything that is defined outside of it. Regular expressions run
 * in RE2 (linear time, without look-around and back-references); `uniqueItems` compares by canonical JSON, also in
 * linear time.
 */
export function serveSchemas(load: (name: string) => unknown, port: MessagePort): void {
  const { Ajv } = load('ajv') as typeof AjvModule;
  const { Ajv2020 } = load('ajv/dist/2020') as typeof Ajv2020Module;
  const { RE2JS } = load('re2js') as typeof Re2Module;
  const maxCompiled = 200;
  const maxErrors = 100;

  const regExp = Object.assign(
    (pattern: string) => {
      const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
      // Ajv caches patterns by this text, so it must be different for each pattern.
      return { test: (text: string) => compiled.test(text), toString: () => `linear ${pattern}` };
    },
    { code: 'linear' },
  );

  const canonical = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const entries = Object.entries(value).map(([key, child]) => `${JSON.stringify(key)}:${canonical(child)}`);
    return `{${entries.sort().join()}}`;
  };

  const compile = (schema: string): ValidateFunction => {
    const parsed = JSON.parse(schema) as Record<string, unknown>;
    const draft07 = typeof parsed['$schema'] === 'string' && parsed['$schema'].includes('draft-07');
    const options = {
      ...{ allErrors: true, strict: false, validateFormats: false, ownProperties: true, logger: false as const },
      code: { regExp },
    };
    // Each schema has its own compiler, because two kinds may use the same `$id`, and because a new version of a schema
    // must not find the old version.
    const compiler = draft07 ? new Ajv(options) : new Ajv2020(options);
    compiler.removeKeyword('uniqueItems');
    compiler.addKeyword({
      ...{ keyword: 'uniqueItems', type: 'array' as const, schemaType: 'boolean' as const },
      error: { message: 'must NOT have duplicate items' },
      validate: (wanted: boolean, items: unknown[]) => !wanted || new Set(items.map(canonical)).size === items.length,
    });
    return compiler.compile(parsed);
  };

  const compiled = new Map<string, ValidateFunction>();
  const checkOf = (schema: string): ValidateFunction => {
    const known = compiled.get(schema);
    if (known) return known;
    const check = compile(schema);
    if (compiled.size >= maxCompiled) compiled.clear();
    compiled.set(schema, check);
    return check;
  };

  port.on('message', ({ id, job: { schema, states } }: { id: number; job: SchemaJob }) => {
    let check: ValidateFunction;
    try {
      check = checkOf(schema);
    } catch (error) {
      port.postMessage({ id, answer: { unusable: error instanceof Error ? error.message : String(error) } });
      return;
    }
    const errors = states.map((state) =>
      check(state)
        ? []
        : (check.errors ?? [])
            .slice(0, maxErrors)
            .map(({ instancePath, keyword, message = 'is not valid', params }) => ({
              ...{ instancePath: instancePath.slice(0, 1_000), keyword, message: message.slice(0, 1_000) },
              params: {
                missingProperty: params['missingProperty'] as unknown,
                additionalProperty: params['additionalProperty'] as unknown,
              },
            })),
    );
    port.postMessage({ id, answer: { errors } });
  });
  port.postMessage('ready');
}
