import { testRegistry } from './registry.fixture';
import { validateDefinition, validateYaml } from './validate';

const T = [{ event: 'incident.created' }];
const many = (count: number, make: (index: number) => unknown): unknown[] =>
  Array.from({ length: count }, (_, i) => make(i));
function tree(levels: number): unknown {
  let condition: unknown = { a: 1 };
  for (let level = 0; level < levels; level += 1) condition = { and: [condition, condition] };
  return condition;
}
const codesOf = (document: unknown) =>
  new Set(validateDefinition(document, { registry: testRegistry }).errors.map(({ code }) => code));

/**
 * Returns the user CPU time in seconds since `start`. Unlike wall-clock time, it does not depend on what else is
 * running.
 */
const secondsSince = (start: NodeJS.CpuUsage) => process.cpuUsage(start).user / 1e6;

describe('a document that is designed to take long', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['60,000 empty actions', { actions: many(60_000, () => ({})) }, 'limit_exceeded'],
    ['60,000 numbers in place of actions', { actions: many(60_000, () => 5) }, 'limit_exceeded'],
    ['60,000 conditions', { conditions: many(60_000, () => ({ a: 1 })) }, 'limit_exceeded'],
    ['a parallel with 60,000 branches', { actions: [{ parallel: many(60_000, () => ({})) }] }, 'limit_exceeded'],
    ['a choose with 60,000 branches', { actions: [{ choose: many(60_000, () => ({})) }] }, 'limit_exceeded'],
    ['a condition that doubles at each of 15 levels', { conditions: [tree(15)] }, 'limit_exceeded'],
    [
      '1,000 misspelt keys',
      Object.fromEntries(many(1_000, (i) => [`nname${String(i)}`, 1]) as [string, number][]),
      'unknown_key',
    ],
    ['3,000 triggers with the same derived id', { triggers: many(3_000, () => ({ event: 'x' })) }, 'duplicate_id'],
    [
      'a list of 1,000 templates in place of variables',
      { variables: many(1_000, (i) => `{{ a${String(i)} | nope }}`) },
      'invalid_type',
    ],
  ])('is refused within 8 s of CPU time: %s', (_what, part, code) => {
    const started = process.cpuUsage();
    expect(codesOf({ name: 'x', triggers: T, ...part })).toContain(code);
    expect(secondsSince(started)).toBeLessThan(8);
  });

  it('is refused within 8 s of CPU time: a text with 1,000 unknown filters', () => {
    const lines = many(1_000, (i) => `    line {{ nope${String(i)} | nope }}`).join('\n');
    const started = process.cpuUsage();
    const text = `name: x\ntriggers: [{event: incident.created}]\nvariables:\n  a: |\n${lines}\n`;
    const { errors } = validateYaml(text, { registry: testRegistry });
    expect(errors).toHaveLength(200);
    expect(errors[199]).toMatchObject({ code: 'unknown_filter', line: 204, column: 23 });
    expect(secondsSince(started)).toBeLessThan(8);
  });
});

it('suggests unused and unique ids for actions', () => {
  const stop = (id: string) => ({ id, stop: { reason: 'x' } });
  const actions = [stop('a'), stop('a_2'), stop('a'), stop('a')];
  const { errors } = validateDefinition({ name: 'x', triggers: T, actions }, { registry: testRegistry });
  expect(errors.map(({ message }) => /"id: (\w+)"/.exec(message)?.[1])).toEqual(['a_3', 'a_4']);
});

it('treats the names of inherited properties like any other name', () => {
  const hostile = JSON.parse(`{
    "name": "x", "constructor": 1,
    "triggers": [{"event": "constructor"}, {"event": "__proto__.x"}, {"event": "incident.created", "id": "toString"}],
    "actions": [
      {"action": "__proto__"}, {"action": "constructor", "id": "hasOwnProperty"}, {"toString": {}},
      {"condition": {"valueOf": 1}}, {"repeat": {"constructor": 1}},
      {"action": "automation.log", "config": {"message": "{{ artifacts.constructor.x.y }}", "__proto__": 1}}
    ]}`) as unknown;
  const { errors } = validateDefinition(hostile, { registry: testRegistry });
  const found = errors.map(({ path, code }) => `${path} ${code}`);
  expect(found).toEqual(
    expect.arrayContaining([
      'constructor unknown_key',
      'triggers[0].event unknown_event',
      'triggers[1].event unknown_event',
      'actions[0].action unknown_action',
      'actions[1].action unknown_action',
      'actions[2] no_kind',
      'actions[3].condition no_kind',
      'actions[4].repeat no_kind',
      'actions[5].config.__proto__ invalid_key',
      'actions[5].config.message artifact_unknown',
    ]),
  );
});

describe('a document that is not plain data', () => {
  const throwing = () => {
    throw new Error('was read');
  };
  it.each<[string, unknown]>([
    ['a getter', Object.defineProperty({}, 'name', { get: throwing, enumerable: true })],
    [
      'a getter deep inside',
      {
        name: 'A',
        triggers: T,
        variables: {
          get x() {
            return throwing();
          },
        },
      },
    ],
    ['a getter in a list', { name: 'A', triggers: Object.defineProperty([], 0, { get: throwing, enumerable: true }) }],
    ['a proxy', new Proxy({}, { ownKeys: throwing })],
  ])('causes a finding and is never called: %s', (_name, document) => {
    expect(codesOf(document)).toContain('invalid_type');
  });
});
