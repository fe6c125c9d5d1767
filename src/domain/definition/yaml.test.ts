import fc from 'fast-check';
import { FermataError } from '../errors';
import { testRegistry } from './registry.fixture';
import { validateDefinition } from './validate';
import { parseYaml, readYaml, toYaml } from './yaml';
import { fixSeed } from '../../../test/support/property-seed';

fixSeed();

const errorsOf = (text: string) =>
  readYaml(text).flatMap(({ errors }) => errors.map(({ code, line, column }) => `${line}:${column} ${code}`));
const valueOf = (text: string) => parseYaml(text).value;

describe('readYaml', () => {
  it.each<[string, string, unknown]>([
    ['JSON', '{"a": [1, true, null, "x\\n"]}', { a: [1, true, null, 'x\n'] }],
    ['JSON indented with tabs', '{\n\t"a": 1\n}', { a: 1 }],
    [
      'words of YAML 1.1 as text',
      'a: yes\nb: on\nc: 12:30:00\nd: 2026-01-01',
      { a: 'yes', b: 'on', c: '12:30:00', d: '2026-01-01' },
    ],
    ['keys of other types as text', '1: a\ntrue: b', { '1': 'a', true: 'b' }],
    ['aliases', 'a: &x {b: [1]}\nc: *x', { a: { b: [1] }, c: { b: [1] } }],
    ['an anchor that is redefined', 'a: &x 1\nb: *x\nc: &x 2\nd: *x', { a: 1, b: 1, c: 2, d: 2 }],
    ['a quoted "<<"', '"<<": 1', { '<<': 1 }],
    [
      'names of methods as keys',
      'constructor: 1\ntoString: 2\nhasOwnProperty: 3',
      { constructor: 1, toString: 2, hasOwnProperty: 3 },
    ],
  ])('reads %s', (_, text, expected) => {
    expect(valueOf(text)).toEqual(expected);
  });

  it('does not count a byte order mark as a character', () => {
    expect(readYaml('\uFEFFa: 1\na: 2')[0]?.errors[0]).toMatchObject({ line: 2, column: 1 });
    expect(errorsOf('\uFEFFa: *x')).toEqual(['1:4 yaml_alias']);
  });

  it('suggests quotes for a template or expression without quotes', () => {
    expect(readYaml('a: {{ now }}')[0]?.errors[0]?.message).toContain('Put a string with {{ }} in quotes');
    expect(readYaml('a: !health.system.in_maintenance')[0]?.errors[0]?.message).toContain(
      'put an expression that starts with "!" in quotes',
    );
  });

  it('reads __proto__ like any other key, and changes no prototype', () => {
    const value = valueOf('__proto__: {polluted: true}\na: {__proto__: {b: 1}}') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__', 'a']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it.each<[string, string, string]>([
    ['duplicate keys', 'a: 1\na: 2', '2:1 duplicate_key'],
    ['duplicate keys that are written differently', 'a: 1\n"a": 2', '2:1 duplicate_key'],
    ['duplicate keys in JSON', '{"a": 1, "a": 2}', '1:10 duplicate_key'],
    ['merge keys', 'a: &x {b: 1}\nc:\n  <<: *x', '3:3 merge_key'],
    ['custom tags', 'a: !!js/function "x"', '1:4 yaml_tag'],
    ['local tags', 'a: !secret x', '1:4 yaml_tag'],
    ['binary', 'a: !!binary aGk=', '1:4 yaml_tag'],
    ['an alias without an anchor', 'a: *nope', '1:4 yaml_alias'],
    ['an alias of itself', 'a: &a [*a]', '1:8 yaml_alias'],
    ['maps as keys', '? {a: 1}\n: 2', '1:3 yaml_key'],
    ['not a number', 'a: .nan', '1:4 invalid_number'],
    ['infinity', 'a: 1e999', '1:4 invalid_number'],
    ['tabs as indentation', 'a:\n\tb: 1', '2:1 yaml_syntax'],
    ['unclosed text', 'a: "x', '1:6 yaml_syntax'],
    ['nested mappings on one line', 'a: b: c', '1:4 yaml_syntax'],
  ])('refuses %s, with line and column', (_, text, expected) => {
    expect(errorsOf(text)[0]).toBe(expected);
  });

  it('refuses text that is designed to take long, within 10 s', () => {
    const laughs = Array.from(
      { length: 12 },
      (_, n) =>
        `a${n}: &a${n} [${Array(9)
          .fill(n === 0 ? 'x' : `*a${n - 1}`)
          .join()}]`,
    );
    const bombs = [
      laughs.join('\n'),
      '['.repeat(100_000),
      '{a: '.repeat(50_000),
      '- '.repeat(20_000),
      '? '.repeat(20_000),
      '? '.repeat(50_000),
      '- '.repeat(49_000),
      Array.from({ length: 60_000 }, (_, n) => `k${n}: 1`).join('\n'),
      '- a\n'.repeat(250_000),
      `[${'1,'.repeat(500_000)}]`,
      'x'.repeat(1_048_577),
    ];
    for (const bomb of bombs) {
      const started = performance.now();
      expect(readYaml(bomb).flatMap(({ errors }) => errors).length).toBeGreaterThan(0);
      expect(performance.now() - started).toBeLessThan(10_000);
    }
  });

  it('reads 150 levels, and refuses deeper ones before composing them', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}1${']'.repeat(depth)}`;
    expect(readYaml(nested(150))[0]?.errors).toEqual([]);
    expect(readYaml(`${'- '.repeat(150)}1`)[0]?.errors).toEqual([]);
    expect(readYaml(nested(1_000))).toMatchObject([{ errors: [{ code: 'limit_exceeded', line: 1, column: 1 }] }]);
  });

  it('validates a text with more expressions than the maximum number of arguments of a call', () => {
    const text = `name: a\ntriggers: [{event: healthcheck.check_failed}]\nactions: [{action: automation.log, config: {message: "${'{{a}}'.repeat(190_000)}"}}]`;
    const { value } = parseYaml(text);
    expect(() => validateDefinition(value, { registry: testRegistry })).not.toThrow();
  });

  it('keeps invalid numbers and text, so that validation can report their positions', () => {
    const text =
      'name: "a\\0b"\ntriggers:\n  - event: healthcheck.check_failed\nvariables:\n  big: 12345678901234567890\n  half: "\\ud800"\n';
    const { value, locate } = parseYaml(text);
    const { errors } = validateDefinition(value, { registry: testRegistry, locate });
    expect(errors.map(({ code, line, column }) => `${line}:${column} ${code}`)).toEqual([
      '1:7 invalid_text',
      '5:8 invalid_number',
      '6:9 invalid_text',
    ]);
  });

  it('reads any text without an exception, and returns the position of each error', () => {
    const pieces = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '&x ',
      '*x',
      '<<',
      '!!t ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '"',
      "'",
      '|',
      '>',
      '#',
      '?',
      '---',
      '...',
      '%',
      '\t',
      '\u0000',
      '\ud800',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 40 }).map((list) => list.join('')),
        ),
        (text) => {
          for (const { value, errors, locate } of readYaml(text)) {
            for (const { line, column } of errors) expect(Math.min(line ?? 0, column ?? 0)).toBeGreaterThanOrEqual(1);
            if (errors.length === 0) validateDefinition(value, { registry: testRegistry, locate });
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('parseYaml', () => {
  it('reports all errors, in order', () => {
    const attempt = () => parseYaml('a: 1\na: 2\na: 3');
    expect(attempt).toThrow(FermataError);
    expect(attempt).toThrow('"a" is given twice in the same map at line 2, column 1');
    expect(() => parseYaml('a: 1\n---\nb: 1')).toThrow('Expected one document, found 2');
  });
});

describe('locate', () => {
  const { locate } = parseYaml(
    'actions:\n  - choose:\n      - when: x\n        sequence:\n          - "a b": 1\n  - repeat:\n      sequence:\n        - id: z\n',
  );
  it.each([
    ['actions[0].choose[0].when', { line: 3, column: 15 }],
    ['actions[0].choose[0].sequence[0]["a b"]', { line: 5, column: 20 }],
    ['actions[0].choose', { line: 2, column: 5 }],
    ['actions[0].choose[0].nope', { line: 3, column: 9 }],
    ['actions[1].repeat[3].sequence[0].id', { line: 8, column: 15 }],
    ['actions[1].repeat.sequence[0].id', { line: 8, column: 15 }],
    ['', { line: 1, column: 1 }],
  ])('finds %s', (place, expected) => {
    expect(locate(place)).toEqual(expected);
  });

  it('finds keys on demand, and nothing for an invalid path', () => {
    expect(locate('actions[0].choose[0].when', { key: true })).toEqual({ line: 3, column: 9 });
    expect(locate('actions[')).toBeUndefined();
  });
});

describe('toYaml', () => {
  it('is parsed back unchanged for any data', () => {
    const text = fc.string({ unit: 'grapheme' });
    const json = fc
      .jsonValue({ stringUnit: 'grapheme' })
      .filter((value) => !JSON.stringify(value).includes('__proto__'));
    fc.assert(
      fc.property(
        fc.dictionary(
          text.filter((key) => key !== '__proto__'),
          json,
        ),
        (value) => {
          const plain = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
          expect(valueOf(toYaml(plain))).toEqual(plain);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('keeps the meaning of a definition', () => {
    const document = {
      name: 'yes',
      triggers: [{ event: 'healthcheck.system_degraded', filter: 'trigger.payload.newStatus == "unhealthy"' }],
      conditions: [{ time: { after: '22:00', before: '06:00' } }],
      actions: [{ action: 'automation.log', config: { message: 'a: {{ now }} # no comment\nsecond line\n' } }],
    };
    const first = validateDefinition(document, { registry: testRegistry }).definition;
    expect(first).toBeDefined();
    const again = validateDefinition(valueOf(toYaml(first ?? {})), { registry: testRegistry }).definition;
    expect(again).toEqual(first);
  });
});
