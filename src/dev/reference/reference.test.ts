import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { standardFilters } from '../../domain/expressions/filter-registry';
import { createRegistry } from '../../domain/registry/registry';
import { createEgress } from '../../edges/egress/egress';
import { createPlugins } from '../../integrations/plugins';
import { projectRoot } from '../../project-root';
import { z } from 'zod';
import { exampleConfig } from './example-config';
import { filterPages } from './filter-pages';
import { findExamples } from './find-examples';
import { indexPage } from './index-page';
import { actionPages, triggerPages } from './registry-pages';

const directory = join(projectRoot(), 'docs/reference');
const registry = createRegistry(createPlugins({ egress: createEgress({ allow: [] }) }));
const filters = standardFilters.list();
const examples = findExamples(projectRoot());
const pages = new Map([
  ...triggerPages(registry, examples),
  ...actionPages(registry, examples),
  ...filterPages(filters),
  ['README.md', indexPage(registry, filters)],
]);

describe('the reference of triggers, actions and filters', () => {
  it('is committed as generated (npm run reference writes it)', () => {
    if (process.env['UPDATE_SCHEMA'] === '1') {
      rmSync(directory, { recursive: true, force: true });
      for (const [path, text] of pages) {
        mkdirSync(dirname(join(directory, path)), { recursive: true });
        writeFileSync(join(directory, path), text);
      }
    }
    const committed = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.md'),
    );
    expect(committed.sort()).toEqual([...pages.keys()].sort());
    for (const [path, text] of pages) expect([path, readFileSync(join(directory, path), 'utf8')]).toEqual([path, text]);
  });

  it('has a page for each trigger, action and filter', () => {
    expect(pages.size).toBe(registry.triggers().size + registry.actions().size + filters.length + 1);
  });

  it.each([...registry.actions()].map(([id, { configSchema }]) => ({ id, configSchema })))(
    'shows a config that $id accepts',
    ({ id, configSchema }) => {
      const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
      if (!examples.actions.has(id)) expect(configSchema.safeParse(exampleConfig(id, schema)).error).toBeUndefined();
    },
  );
});
