import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import { automationJsonSchema } from '../domain/definition/json-schema';
import { readYaml } from '../domain/definition/yaml';
import { createRegistry } from '../domain/registry/registry';
import { createEgress } from '../edges/egress/egress';
import { createPlugins } from '../integrations/plugins';
import { projectRoot } from '../project-root';

const FILE = join(projectRoot(), 'schema/automation.schema.json');
const schema = automationJsonSchema(createRegistry(createPlugins({ egress: createEgress({ allow: [] }) })));
const accepts = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
const examples = join(projectRoot(), 'examples/automations');

describe('the JSON Schema for editors', () => {
  it('is committed as generated (UPDATE_SCHEMA=1 writes it)', () => {
    const text = `${JSON.stringify(schema, null, 2)}
`;
    if (process.env['UPDATE_SCHEMA'] === '1') writeFileSync(FILE, text);
    expect(readFileSync(FILE, 'utf8')).toBe(text);
  });

  it.each(readdirSync(examples).filter((name) => name.endsWith('.yaml')))('accepts the example %s', (name) => {
    for (const { value } of readYaml(readFileSync(join(examples, name), 'utf8'))) {
      accepts(value);
      expect(accepts.errors ?? []).toEqual([]);
    }
  });

  const document = (action: unknown, trigger: unknown = { event: 'healthcheck.system_degraded' }) => ({
    name: 'x',
    triggers: [trigger],
    actions: [action],
  });

  it('contains events, actions and their configs', () => {
    const log = (config: unknown) => document({ action: 'automation.log', config });
    expect(accepts(log({ message: 'x' }))).toBe(true);
    expect(accepts(log({ message: 'x', level: 'nope' }))).toBe(false);
    expect(accepts(log({ message: 'x', level: '{{ variables.level }}' }))).toBe(true);
    expect(accepts(log({ mesage: 'x' }))).toBe(false);
    expect(accepts(document({ action: 'automation.lgo', config: {} }))).toBe(false);
    expect(accepts(document({ stop: { reason: 'x' } }, { event: 'healthcheck.nope' }))).toBe(false);
    expect(accepts(document({ stop: { reason: 'x' } }, { event: 'healthcheck.system.degraded' }))).toBe(true);
  });

  it('refuses two kinds in one action and unknown keys', () => {
    expect(accepts(document({ stop: { reason: 'x' }, delay: { minutes: 1 } }))).toBe(false);
    expect(accepts(document({ stop: { reason: 'x' }, nope: 1 }))).toBe(false);
  });
});
