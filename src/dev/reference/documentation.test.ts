import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { standardFilters } from '../../domain/expressions/filter-registry';
import { validateYaml } from '../../domain/definition/validate';
import { createRegistry } from '../../domain/registry/registry';
import { createEgress } from '../../edges/egress/egress';
import { createPlugins } from '../../integrations/plugins';
import { projectRoot } from '../../project-root';

const root = projectRoot();
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const pages = ['', 'docs', 'examples'].flatMap((directory) =>
  readdirSync(join(root, directory), { recursive: directory !== '', encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(directory, name)),
);

/** Returns the anchors of a page's headings, as GitHub derives them. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the documentation', () => {
  it('contains the commands `make demo` and `make test`', () => {
    expect(read('README.md')).toMatch(/^make demo /m);
    expect(read('README.md')).toMatch(/^make test /m);
  });

  it('contains a first automation that passes validation', () => {
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(read('README.md')) ?? [];
    const registry = createRegistry(createPlugins({ egress: createEgress({ allow: [] }) }));
    const { errors } = validateYaml(yaml, { registry, filters: standardFilters });
    expect(errors).toEqual([]);
    expect(yaml).toContain('name: ');
  });

  it('contains automations for integrations that pass validation', () => {
    const registry = createRegistry(createPlugins({ egress: createEgress({ allow: [] }) }));
    const guides = pages.filter((page) => page.startsWith(join('docs', 'integrations', '')));
    expect(guides.length).toBeGreaterThan(10);
    const blocks = ['docs/integrations.md', ...guides].flatMap((page) => {
      const found = [...read(page).matchAll(/```yaml\n(name: [\s\S]*?)```/g)].map(([, yaml = '']) => yaml);
      expect([page, found.length > 0]).toEqual([page, true]);
      return found;
    });
    for (const yaml of blocks) {
      const { errors } = validateYaml(yaml, { registry, filters: standardFilters });
      expect([yaml, errors]).toEqual([yaml, []]);
    }
  });

  it.each(pages)('has no broken links in %s', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, link = '']) => link);
    for (const link of links) {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      expect([link, existsSync(join(root, target))]).toEqual([link, true]);
      if (anchor !== undefined && target.endsWith('.md')) expect(anchors(read(target))).toContain(anchor);
    }
  });
});
